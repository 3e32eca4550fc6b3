"""Which commits came after a commit, along the first parents or all of them, and what each merge brought in.

Owns the choice of the base. Must not know why somebody asks, or storage. Invariants: at most `limit` ids and names are
read, however long the history; names are redacted before they leave.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from contox_hooks.domain.error import RepositoryError
from contox_hooks.domain.redaction import redact_all
from contox_hooks.domain.since import Base, Save, SideCommit, Walk
from contox_hooks.git.history_format import decoded
from contox_hooks.git.reach import here
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import run

MAX_SIDE = 10
"""Commits named of a merge's side branch: as many as the vendor lists (CONTRACT.md section 3, "Commits (n)")."""


class Span(NamedTuple):
    shas: list[str]
    """Newest first, at most as many as were asked for."""
    total: int
    """All there are; with nothing to count from, those that were asked for and are there."""


def head_of(repo: Repository) -> str | None:
    """Of this worktree; None before the first commit."""
    return _commit(repo, "HEAD")


def branch_of(repo: Repository) -> str | None:
    """Its short name, redacted; None for a detached HEAD."""
    out = run(repo.git_dir, "symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1, 128))
    names, _ = redact_all([decoded(out.rstrip(b"\n"))])
    return names[0] or None


def base_given(repo: Repository, revision: str) -> Base:
    """Raises RepositoryError for what is no commit here."""
    sha = None if revision.startswith("-") else _commit(repo, revision)
    if sha is None:
        raise RepositoryError(f"unknown revision {revision!r}", hint="git log --oneline shows what there is")
    return Base("given", sha)


def base_of(repo: Repository, head: str | None, save: Save | None) -> Base:
    """The save's head if the history of `head` has it; else where the two parted; else none."""
    sha = None if save is None or head is None else _commit(repo, save.head_sha)
    if sha is None or head is None:
        return Base("latest", save=save)
    parted = run(repo.git_dir, "merge-base", sha, head, ok=(0, 1, 128)).decode().split()
    if not parted:
        return Base("latest", save=save)
    return Base("save" if parted[0] == sha else "merge-base", parted[0], save)


def reached(repo: Repository, head: str | None, seen: Collection[str]) -> list[str]:
    """Of commits that were looked at before, the least that reach all others that are here and share history with
    `head`; empty where there is none."""
    present = sorted(here(repo, seen)) if seen and head is not None else []
    if not present or head is None or not run(repo.git_dir, "merge-base", head, *present, ok=(0, 1, 128)):
        return []
    return run(repo.git_dir, "merge-base", "--independent", *present).decode().split()


def span(
    repo: Repository, head: str | None, bases: Collection[str], *, walk: Walk, limit: int, since: int | None = None
) -> Span:  # fmt: skip
    """What `head` has and none of `bases` has, committed after `since` (seconds since the epoch)."""
    if head is None:
        return Span([], 0)
    options = ["--first-parent"] if walk == "first-parent" else []
    options += [] if since is None else [f"--max-age={since}"]
    revisions = [head, *(f"^{base}" for base in bases), "--"]
    shas = run(repo.git_dir, "rev-list", *options, f"--max-count={limit}", *revisions).decode().split()
    if (not bases and since is None) or len(shas) < limit:
        return Span(shas, len(shas))
    return Span(shas, int(run(repo.git_dir, "rev-list", "--count", *options, *revisions)))


def side_of(repo: Repository, parents: Sequence[str], base: str | None) -> tuple[tuple[SideCommit, ...], int]:
    """What a merge with these parents brought to its first one, newest first and at most MAX_SIDE, and how many."""
    revisions = [*parents[1:], f"^{parents[0]}", *([f"^{base}"] if base else []), "--"]
    out = run(
        repo.git_dir, "log", f"--max-count={MAX_SIDE}", "-z", "--format=%H %s", "--encoding=UTF-8", "--no-color",
        "--no-show-signature", *revisions,
    )  # fmt: skip
    lines = [line.partition(b" ") for line in out.split(b"\0") if line]
    subjects, _ = redact_all([decoded(subject) for _, _, subject in lines])
    found = tuple(SideCommit(sha.decode(), subject) for (sha, _, _), subject in zip(lines, subjects, strict=True))
    if len(found) < MAX_SIDE:
        return found, len(found)
    return found, int(run(repo.git_dir, "rev-list", "--count", *revisions))


def _commit(repo: Repository, revision: str) -> str | None:
    out = run(repo.git_dir, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", ok=(0, 1, 128))
    return out.decode().strip() or None
