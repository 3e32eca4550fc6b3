"""Whether later commits took away what an item cites.

Pure: the caller brings the later commits and readers of files as they are now and as they were at the item's own newest
commit. The rule, in full:

* Cited lines are the added lines that the item's evidence quotes with a path and that stood, white space folded, at the
  item's newest commit: what newer evidence replaced is history, and a redacted line never stood. Every one must still
  stand in its file, found again after renames; one that is gone flags the item, and so does their path that is gone.
  One in review is released when all stands again.
* A function, class or type that the item's title names and that one of its files defined at the item's newest commit
  must still be defined in one of them. What moved to another file is gone from where the item says it is, unless the
  file was renamed: the reason says where to.
* An item that cites no line of a file is flagged besides only when the last of its files is gone, until one is there
  again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Evidence, Item
from contox_hooks.pipeline.drift_definition import definitions_in, may_define, names_in
from contox_hooks.pipeline.patch import file_patches
from contox_hooks.pipeline.quote import cited_lines

FileText = Callable[[str], str | None]
"""The content of a path at one commit, None when it is not there."""


@dataclass(frozen=True, slots=True)
class Drift:
    reason: str
    """One line for people: the path, what happened to it, the commit."""
    commit_sha: str
    path: str
    """As it is or was last named."""
    line: str | None = None
    """The first cited line that is gone, white space folded, or a definition's name; None when whole files are."""


def decide_drift(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> Drift | None:
    """Why `item` needs a review, or None.

    `changes`: later commits in time order that changed, renamed or deleted any of the item's files. `now`: files after
    the newest of them; `then`: files at the item's newest commit, by the names that the item has for them.
    """
    if item.status != "active" or not changes:
        return None
    cited = cited_by(item.evidence)
    for path, lines in cited.items():
        trail = _follow(path, changes)
        if trail.last is None:
            continue
        text = now(trail.path)
        gone = list(_gone_lines(path, lines, text, then))
        if gone and text is None:
            return _deleted(trail.path, trail.last.sha)
        if gone:
            sha = _remover(gone[0], trail.path, changes) or trail.last.sha
            more = f" and {len(gone) - 1} more of the cited lines" if gone[1:] else ""
            what = f"no longer has {_quoted(gone[0])}{more}{_moved(gone[0], trail.path, sha, changes)}"
            return Drift(f"{trail.path} changed in {sha[:12]}: {what}", sha, trail.path, gone[0])
    for path, name in _gone_definitions(item, changes, now, then):
        trail = _follow(path, changes)
        sha = _remover(name, trail.path, changes) or (trail.last.sha if trail.last else "")
        if now(trail.path) is None:
            return _deleted(trail.path, sha)
        what = f"no longer defines {_quoted(name)}{_moved(name, trail.path, sha, changes)}"
        return Drift(f"{trail.path} changed in {sha[:12]}: {what}", sha, trail.path, name)
    return None if cited else _all_gone(item.files, changes, now, then)


def decide_release(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> bool:
    """Whether every cited line of an item in review stands again, or a file of one that cites no line. The caller
    knows why it is in review."""
    if item.status != "review":
        return False
    cited = cited_by(item.evidence)

    def text_of(path: str) -> str | None:
        return now(_follow(path, changes).path)

    if not told_stands(item.status_reason, cited, text_of):
        return False
    if any(True for path, lines in cited.items() for _ in _gone_lines(path, lines, text_of(path), then)):
        return False
    if any(True for _ in _gone_definitions(item, None, text_of, then)):
        return False
    return bool(cited) or any(text_of(path) is not None and then(path) is not None for path in item.files)


def takes_away(commit: CommitDigest, item: Item) -> bool:
    """Whether the commit's diff, as far as it was kept, removes a line that the item cites."""
    return any(_remover(line, path, [commit]) for path, lines in stakes_of(item).items() for line in lines)


def told_stands(reason: str | None, cited: Mapping[str, Sequence[str]], now: FileText) -> bool:
    """Whether every cited line that the reason quotes is there. It stood once: if it is still gone, no more need be
    read."""
    for path, lines in cited.items():
        quoted = [line for line in lines if _quoted(line) in (reason or "")]
        if quoted and not all(stands(line, now(path) or "") for line in quoted):
            return False
    return True


def cited_by(evidence: Iterable[Evidence]) -> dict[str, list[str]]:
    """Path to the lines that the evidence quotes from there, white space folded."""
    cited: dict[str, list[str]] = {}
    for entry in evidence:
        if entry.path is not None and (lines := cited_lines(entry.quote)):
            cited.setdefault(entry.path, []).extend(lines)
    return cited


def stakes_of(item: Item) -> dict[str, list[str]]:
    """Path to what a change of its file would have to touch: cited lines, and the names in the title."""
    return stakes_in(names_in(item.title), item.files, cited_by(item.evidence))


def stakes_in(titled: Iterable[str], files: Iterable[str], cited: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The same of an item's parts."""
    names = sorted(titled)
    paths = (*files, *cited) if names or not cited else cited
    return {path: [*cited.get(path, ()), *names] for path in paths}


@dataclass(slots=True)
class _Trail:
    path: str
    """Where the file is now, as far as the changes tell."""
    last: CommitDigest | None
    """The newest change that touched it; the one that deleted it when it was not created again."""


def _follow(path: str, changes: Iterable[CommitDigest]) -> _Trail:
    trail = _Trail(path, None)
    for commit in changes:
        for change in commit.files:
            if change.status == "R" and change.old_path == trail.path:
                trail.path, trail.last = change.path, commit
                break
            if change.path == trail.path:
                trail.last = commit
    return trail


def _all_gone(files: Sequence[str], changes: Sequence[CommitDigest], now: FileText, then: FileText) -> Drift | None:
    if not any(change.status == "D" for commit in changes for change in commit.files):
        return None
    trails = [_follow(path, changes) for path in files]
    touched = [trail for trail in trails if trail.last is not None]
    if not touched or any(now(trail.path) is not None for trail in trails):
        return None
    if all(then(path) is None for path in files):  # the item's own commit deleted them, or git names them otherwise
        return None
    order = {commit.sha: place for place, commit in enumerate(changes)}
    last = max(touched, key=lambda trail: order[trail.last.sha] if trail.last else -1)
    assert last.last is not None
    sha, count = last.last.sha, len(set(files))
    what = f"{last.path} was" if count == 1 else f"all {count} files were"
    return Drift(f"{what} deleted, last in {sha[:12]}", sha, last.path)


def _gone_lines(path: str, lines: Sequence[str], text: str | None, then: FileText) -> Iterator[str]:
    """Cited lines that stood then and do not stand in the text. The older text is only read when one is missing."""
    for line in lines:
        if text is None or not stands(line, text):
            before = then(path)
            if before is not None and stands(line, before):
                yield line


def _gone_definitions(
    item: Item, changes: Sequence[CommitDigest] | None, now: FileText, then: FileText
) -> Iterator[tuple[str, str]]:
    """(path, name) of what the item's title names, its file defined and defines no longer. With `changes` only files
    that they touched are looked at."""
    names = names_in(item.title)
    for path in item.files if names else ():
        trail = _follow(path, changes or ())
        if changes is not None and trail.last is None:
            continue
        text = now(trail.path)
        missing = {name for name in names if text is None or not may_define(name, text, surely=True)}
        before = then(path) if missing else None
        missing = {name for name in missing if before is not None and may_define(name, before)}
        if before is None or not missing:
            continue
        present = frozenset() if text is None else definitions_in(trail.path, text)
        defined = definitions_in(path, before, whole=False) or frozenset()
        if present is None:  # a word that is nowhere in it is defined nowhere in it
            present = frozenset(name for name in missing if stands(name, text or ""))
        for name in sorted((missing & defined) - present):
            others = (_follow(other, changes or ()).path for other in item.files if other != path)
            if not any(name in _definitions(other, now) for other in others):
                yield path, name


def _definitions(path: str, now: FileText) -> frozenset[str]:
    text = now(path)
    return frozenset() if text is None else definitions_in(path, text) or frozenset()


def _deleted(path: str, sha: str) -> Drift:
    return Drift(f"{path} was deleted in {sha[:12]}", sha, path)


def _moved(text: str, path: str, sha: str, changes: Sequence[CommitDigest]) -> str:
    """Where the commit put what it took away, if its diff shows that."""
    for commit in changes:
        for patch in file_patches(commit.diff, max_line=None) if commit.sha == sha else ():
            if patch.path != path and any(stands(text, line) for line in patch.added):
                return f", now in {patch.path}"
    return ""


def stands(line: str, text: str) -> bool:
    """Whether a line of the text contains the cited one, white space folded, without cutting a word of it."""
    pattern, rarest = _pattern(line)
    start = text.find(rarest)
    while start >= 0:  # the pattern over a whole file takes a hundred times as long, and folding the file longer
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if pattern.search(text, text.rfind("\n", 0, start) + 1, end):
            return True
        start = text.find(rarest, end)
    return False


@lru_cache(maxsize=4096)
def _pattern(line: str) -> tuple[re.Pattern[str], str]:
    """`x = 1` does not stand in `max = 10`. With its longest word, which is where it can stand."""
    words = line.split()
    folded = r"[^\S\n]+".join(map(re.escape, words))
    left, right = (r"(?<!\w)" if _word(line[0]) else ""), (r"(?!\w)" if _word(line[-1]) else "")
    return re.compile(f"{left}{folded}{right}"), max(words, key=len)


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _remover(line: str, path: str, changes: Sequence[CommitDigest]) -> str | None:
    """The newest commit that touched the file and whose diff, as far as it was kept, takes the line away."""
    for commit in reversed(changes):
        if not any(path in (change.path, change.old_path) for change in commit.files):
            continue
        removed = (text[1:] for text in commit.diff.split("\n") if text.startswith("-"))
        if any(stands(line, text) for text in removed):
            return commit.sha
    return None


def _quoted(line: str) -> str:
    return f"“{line}”" if len(line) <= 60 else f"“{line[:59]}…”"
