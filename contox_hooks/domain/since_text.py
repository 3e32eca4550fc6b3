"""The digest since the last save as Markdown: for people, and for agents that read it as data.

Pure. Invariants: no text of a commit, a file or a name leaves its line or its fence; what was cut says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.domain.line import told
from contox_hooks.domain.phrase import ago, plural
from contox_hooks.domain.since import Base, Side, SinceCommit, SinceSave, WorkInProgress
from contox_hooks.domain.visible import visible

_FILES_SHOWN = 20
"""Of a commit, or of a side of the work tree; `to_object` has all that were read."""
_MAX_BODY = 2000


def markdown(since: SinceSave) -> str:
    """One document, ending with a newline."""
    blocks = ["# Since the last save" if since.base.kind in ("save", "merge-base") else "# Latest work"]
    blocks.append(_beginning(since))
    blocks += [f"Not seen: {told(trouble)}" for trouble in since.troubles]
    for commit in since.commits:
        blocks += _commit(commit, since.looked_at)
    left = since.commits_total - len(since.commits)
    if left > 0:
        blocks.append(f"… {plural(left, 'older commit')} not shown")
    if since.work is not None:
        blocks += _work(since.work)
    return "\n\n".join(blocks) + "\n"


def _beginning(since: SinceSave) -> str:
    where = f"on {told(since.branch)}" if since.branch else "on no branch"
    if since.head is None:
        return "There are no commits yet."
    which = " along the first parents" if since.walk == "first-parent" else ""
    count = plural(since.commits_total, "commit")
    return f"{count}{which} {where}, {_from(since.base, since.looked_at)}."


def _from(base: Base, now: int) -> str:
    sha = (base.sha or "")[:12]
    saved = "" if base.save is None else f"the last save ({ago(base.save.at_utc, now)}, at {base.save.head_sha[:12]})"
    if base.kind == "given":
        return f"since {sha}"
    if base.kind == "save":
        return f"since {saved}"
    if base.kind == "merge-base":
        return f"since {sha}, where this history left that of {saved}"
    if not base.is_known:
        return "the latest, as nobody could say where the last save was"
    return f"the latest, as {saved} is not in this history" if saved else "the latest, as nothing was saved yet"


def _commit(commit: SinceCommit, now: int) -> Iterator[str]:
    digest = commit.digest
    yield f"## {digest.sha[:12]} {told(digest.subject)}"
    facts = [f"by {told(digest.author.name, 80)}", ago(digest.author.at_utc, now), *counted(digest)]
    yield ", ".join(["merge", *facts] if len(digest.parents) > 1 else facts)
    if digest.body:
        body = digest.body if len(digest.body) <= _MAX_BODY else f"{digest.body[:_MAX_BODY].rstrip()}\n[… cut]"
        yield _fenced(body, "")
    if commit.side:
        more = commit.side_total - len(commit.side)
        names = [f"- {side.sha[:12]} {told(side.subject)}" for side in commit.side]
        yield "\n".join(["Brought in:", *names, *([f"- … and {more:,} more"] if more > 0 else [])])
    yield from _files(digest.files, digest.files_total - digest.excluded_files)
    if digest.diff:
        yield _fenced(digest.diff, "diff")


def _work(work: WorkInProgress) -> Iterator[str]:
    yield "## Work in progress"
    if work.is_clean:
        yield "Nothing: the work tree is as it was committed."
        return
    if work.doing:
        yield f"In the middle of: {', '.join(told(each) for each in work.doing)}"
    conflicts = [f"{_name(each.path)} ({each.how})" for each in work.conflicts]
    yield from _names("In conflict", conflicts, work.conflicts_total)
    for name, side in (("Staged", work.staged), ("Not staged", work.unstaged)):
        if side.files_total:
            yield f"### {name}"
            yield ", ".join(counted(side))
            yield from _files(side.files, side.files_total - side.excluded_files)
            if side.diff:
                yield _fenced(side.diff, "diff")
    submodules = [f"{_name(each.path)} ({', '.join(each.what)})" for each in work.submodules]
    yield from _names("Submodules", submodules, len(submodules))
    yield from _names("Untracked", [_name(path) for path in work.untracked], work.untracked_total)


def counted(of: CommitDigest | Side) -> list[str]:
    """How much it is, and what its digest left out."""
    found = [f"{plural(of.files_total, 'file')}, +{of.insertions:,} -{of.deletions:,}"]
    if of.excluded_files:
        found.append(f"{of.excluded_files:,} excluded")
    if of.redactions:
        found.append(plural(of.redactions, "redaction"))
    if of.diff_cut:
        found.append("diff cut to its budget")
    if of.diff_missing:
        found.append(f"no diff: {of.diff_missing}")
    return found


def _files(files: Iterable[FileChange], total: int) -> Iterator[str]:
    lines = [_file(file) for file in files][:_FILES_SHOWN]
    if total > len(lines):
        lines.append(f"- … and {plural(total - len(lines), 'more file')}")
    if lines:
        yield "\n".join(lines)


def _file(file: FileChange) -> str:
    counts = "binary" if file.binary else "" if file.insertions is None else f"+{file.insertions} -{file.deletions}"
    source = f" (from {_name(file.old_path)})" if file.old_path else ""
    return f"- {file.status} {_name(file.path)}{source} {counts}".rstrip()


def _names(title: str, names: Iterable[str], total: int) -> Iterator[str]:
    lines = [f"- {name}" for name in names]
    if total > len(lines):
        lines.append(f"- … and {total - len(lines):,} more")
    if lines:
        yield f"### {title}\n\n" + "\n".join(lines)


def _name(path: str) -> str:
    """A path as code: nothing in it is Markdown."""
    plain = told(path).replace("`", "'")
    return f"`{plain}`"


def _fenced(text: str, language: str) -> str:
    """Within a fence longer than any in the text."""
    text = visible(text).rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"
