"""`contox-hooks digest`: what was done since the last save; or what one commit's digest holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.render import clean, emit_json, moment, plural, say, styled
from contox_hooks.domain.error import RepositoryError, UsageError
from contox_hooks.domain.since_text import counted
from contox_hooks.git.repository import Repository, locate

if TYPE_CHECKING:
    from contox_hooks.domain.digest import CommitDigest, FileChange
    from contox_hooks.domain.since import Walk

app = typer.Typer(add_completion=False)

_FILES_SHOWN = 50
_WALKS = ("first-parent", "all")


@app.command()
def command(
    revision: Annotated[
        str | None, typer.Argument(metavar="[REVISION]", help="A commit, or a range: v1.0..HEAD.")
    ] = None,
    limit: Limit = 20,
    mode: Annotated[
        str, typer.Option("--mode", help="Which commits: first-parent (a merge counts as one), or all.")
    ] = "first-parent",
    no_wip: Annotated[bool, typer.Option("--no-wip", help="Do not look at the work tree.")] = False,
    json: Json = False,
) -> None:
    """What was done since the last save, as Markdown: commits within a budget, then what is staged, changed and
    untracked. With a revision, what its digest holds under the settings of now. Redacted, every cut marked.

    JSON: base: kind (save; merge-base, where history left that of the save; latest, without one), sha, savedHead,
    savedAt (seconds since the epoch); head; branch; mode; commits: digests as below, with sideCommits (sha, subject; of
    a merge, at most 10) and sideCommitsTotal; commitsTotal; work: null, or staged and unstaged (files, files_total,
    insertions, deletions, diff, diff_cut, diff_missing, excluded_files, redactions), untracked (at most 50 paths),
    untrackedTotal, conflicts (path, how), conflictsTotal, submodules (path, what), inProgress, clean; troubles.

    With a revision: digests, a list of objects with sha, parents, author and committer (name, email, at_utc,
    offset_min), subject, body, files (path, status, insertions, deletions, old_path, binary, old_mode, new_mode),
    files_total, insertions, deletions, diff, diff_cut, diff_missing, excluded_files, redactions, kind, branch, origin;
    newest first.
    """
    if mode not in _WALKS:
        raise UsageError(f"--mode {mode!r} is none of {', '.join(_WALKS)}")
    if revision is None:
        _since_save(limit, mode, wip=not no_wip, json=json)  # type: ignore[arg-type]  # looked at above
    else:
        _named(revision, limit, json=json)


def _since_save(limit: int, mode: Walk, *, wip: bool, json: bool) -> None:
    from contox_hooks.assembly import Assembly
    from contox_hooks.digesting import digest_since_save

    since = digest_since_save(Assembly(locate()), limit=limit, mode=mode, wip=wip)
    if json:
        emit_json(since.to_object())
    else:
        say(clean(since.to_markdown(), lines=True).rstrip("\n"))


def _named(revision: str, limit: int, *, json: bool) -> None:
    from contox_hooks.assembly import Assembly
    from contox_hooks.capture.limit import limits_of
    from contox_hooks.digesting import settings_of
    from contox_hooks.git.history import read_digests

    repo = locate()
    shas = _shas(repo, revision, limit)
    digests = read_digests(repo, shas, limits=limits_of(settings_of(Assembly(repo))))
    if json:
        emit_json({"digests": [digest.to_payload() for digest in digests]})
        return
    for number, digest in enumerate(digests):
        if number:
            say()
        _tell(digest)
    if not shas:
        say(f"no commits in {clean(revision)}")


def _shas(repo: Repository, revision: str, limit: int) -> list[str]:
    """Full ids, newest first. Raises RepositoryError, UsageError."""
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no revision")
    single = repo.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", ok=(0, 1, 128)).decode().split()
    if len(single) == 1:
        return single
    ends = repo.git("rev-parse", "--quiet", "--revs-only", revision, ok=(0, 1, 128)).decode().split()
    if len(ends) < 2:
        if revision == "HEAD":
            raise RepositoryError("there are no commits yet", hint="commit something, then try again")
        raise RepositoryError(f"unknown revision {revision!r}", hint="git log --oneline shows what there is")
    return repo.git("rev-list", f"--max-count={limit}", *ends, "--").decode().split()


def _tell(digest: CommitDigest) -> None:
    say(f"{styled(digest.sha, 'yellow')}  {digest.kind}")
    say(f"{clean(digest.author.name)} <{clean(digest.author.email)}>, {moment(digest.author.at_utc)}")
    say()
    say(f"    {styled(clean(digest.subject), 'bold')}")
    if digest.body:
        say()
        for line in clean(digest.body, lines=True).split("\n"):
            say(f"    {line}".rstrip())
    say()
    say(", ".join(counted(digest)))
    for file in digest.files[:_FILES_SHOWN]:
        say(_file_line(file))
    left = digest.files_total - digest.excluded_files - min(len(digest.files), _FILES_SHOWN)
    if left > 0:
        say(f"  … and {plural(left, 'more file')}")
    if digest.diff:
        say()
        say(clean(digest.diff, lines=True).rstrip("\n"))


def _file_line(file: FileChange) -> str:
    counts = "binary" if file.binary else "" if file.insertions is None else f"+{file.insertions} -{file.deletions}"
    source = f" (from {clean(file.old_path)})" if file.old_path else ""
    return f"  {file.status} {clean(file.path)}{source}  {counts}".rstrip()
