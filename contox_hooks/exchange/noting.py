"""Digests to and from the notes of a remote that a team shares: which go out, which come in.

Must not know capture or the CLI. Invariants: only commits that the remote has are told of there; what comes in is of
commits that are here, and once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.sweep import NewCommit
from contox_hooks.exchange.commit import commits_kept, commits_standing
from contox_hooks.exchange.note import digest_in, line_of
from contox_hooks.git.commit import commits_named
from contox_hooks.git.note import notes_at, read_texts, tip
from contox_hooks.git.note_remote import Remote
from contox_hooks.git.note_sync import Synced, push, reached
from contox_hooks.git.repository import Repository
from contox_hooks.memory.store import Store

Known = Callable[[Collection[str]], set[str]]
"""Which of these commits have been captured."""


def push_digests(repo: Repository, remote: str, store: Store, project_id: str, narrow: Narrow) -> Synced:
    """A note for each commit in memory that the remote has and nobody has told of. Raises Error."""

    def adding(there: Remote, noted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        untold = {sha for sha in commits_standing(store, project_id) if sha not in noted}
        wanted = sorted(reached(repo, there.tips, untold))
        for kept in commits_kept(store, project_id, wanted):
            yield kept.digest.sha, line_of(kept.digest, narrow)

    return push(repo, remote, adding)


class Incoming(NamedTuple):
    """What the notes here tell that is not known yet."""

    commits: tuple[NewCommit, ...]
    """Oldest first; a note of each is there."""
    known: int
    absent: int
    """Of commits that are not here; they stay in the notes until those come."""


def incoming(repo: Repository, known: Known) -> Incoming:
    noted = notes_at(repo, tip(repo))
    captured = known(list(noted))
    found = commits_named(repo, sorted(set(noted) - captured))
    commits = sorted(found.values(), key=lambda commit: (commit.committed_at, commit.sha))
    return Incoming(tuple(commits), len(captured), len(noted) - len(captured) - len(commits))


def digests_of(repo: Repository, commits: Collection[NewCommit], narrow: Narrow) -> Iterator[CommitDigest]:
    """Of those whose notes are fit, in the same order; one note at a time is in memory."""
    head = tip(repo)
    if head is None:
        return
    noted = notes_at(repo, head)
    texts = read_texts(repo, head, [noted[commit.sha] for commit in commits])
    for commit, text in zip(commits, texts, strict=True):
        digest = None if text is None else digest_in(text, commit, narrow)
        if digest is not None:
            yield digest
