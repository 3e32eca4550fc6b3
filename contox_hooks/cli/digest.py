"""`contox-hooks digest`: what a commit's digest holds, redacted and within its budget, as it would be captured now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.render import clean, emit_json, moment, plural, say, styled
from contox_hooks.domain.error import RepositoryError, UsageError
from contox_hooks.git.repository import Repository, locate

if TYPE_CHECKING:
    from contox_hooks.domain.digest import CommitDigest, FileChange
    from contox_hooks.domain.setting import Settings

app = typer.Typer(add_completion=False)

_FILES_SHOWN = 50


@app.command()
def command(
    revision: Annotated[str, typer.Argument(metavar="[REVISION]", help="A commit, or a range: v1.0..HEAD.")] = "HEAD",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show what a commit's digest holds under the settings of now: redacted, within its budget, every cut marked.

    JSON: digests, a list of objects with sha, parents, author and committer (name, email, at_utc, offset_min), subject,
    body, files (path, status, insertions, deletions, old_path, binary, old_mode, new_mode), files_total, insertions,
    deletions, diff, diff_cut, diff_missing, excluded_files, redactions, kind, branch, origin; newest first.
    """
    from contox_hooks.capture.limit import limits_of
    from contox_hooks.git.history import read_digests

    repo = locate()
    shas = _named(repo, revision, limit)
    digests = read_digests(repo, shas, limits=limits_of(_settings(repo)))
    if json:
        emit_json({"digests": [digest.to_payload() for digest in digests]})
        return
    for number, digest in enumerate(digests):
        if number:
            say()
        _tell(digest)
    if not shas:
        say(f"no commits in {clean(revision)}")


def _settings(repo: Repository) -> Settings:
    """Also where nothing is captured yet: then no store is opened, let alone made."""
    from contox_hooks.assembly import Assembly
    from contox_hooks.configuration import effective_settings

    parts = Assembly(repo)
    return parts.settings if parts.state.database.exists() else effective_settings(repo).settings


def _named(repo: Repository, revision: str, limit: int) -> list[str]:
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
    counted = f"{plural(digest.files_total, 'file')}, +{digest.insertions:,} -{digest.deletions:,}"
    say(", ".join([counted, *_limits(digest)]))
    for file in digest.files[:_FILES_SHOWN]:
        say(_file_line(file))
    left = digest.files_total - digest.excluded_files - min(len(digest.files), _FILES_SHOWN)
    if left > 0:
        say(f"  … and {plural(left, 'more file')}")
    if digest.diff:
        say()
        say(clean(digest.diff, lines=True).rstrip("\n"))


def _limits(digest: CommitDigest) -> list[str]:
    told = []
    if digest.excluded_files:
        told.append(f"{digest.excluded_files:,} excluded")
    if digest.redactions:
        told.append(plural(digest.redactions, "redaction"))
    if digest.diff_cut:
        told.append("diff cut to its budget")
    if digest.diff_missing:
        told.append(f"no diff: {digest.diff_missing}")
    return told


def _file_line(file: FileChange) -> str:
    counts = "binary" if file.binary else "" if file.insertions is None else f"+{file.insertions} -{file.deletions}"
    source = f" (from {clean(file.old_path)})" if file.old_path else ""
    return f"  {file.status} {clean(file.path)}{source}  {counts}".rstrip()
