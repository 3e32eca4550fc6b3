"""Digests to the notes of a remote that a team shares, and which commits such notes tell of.

Must not know capture or the CLI. Invariants: only commits that the remote reaches are told of there, whole, as far as
today's settings allow; a note says which commit, git alone says what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from contox_hooks.domain.narrow import Narrow
from contox_hooks.exchange.commit import commits_kept, commits_standing
from contox_hooks.exchange.note import line_of, tells_of
from contox_hooks.git.commit import commits_named
from contox_hooks.git.history import NOT_PRESENT
from contox_hooks.git.note import Notes, notes_at, read_texts, union
from contox_hooks.git.note_remote import Remote
from contox_hooks.git.note_sync import Synced, push, reached
from contox_hooks.git.repository import Repository
from contox_hooks.memory.store import Store

Known = Callable[[Collection[str]], set[str]]
"""Which of these commits have been captured."""
_INCOMPLETE: Final = (NOT_PRESENT, "withheld")
"""Digests of a shallow clone's last commits, of objects that a partial clone left out, of what nobody could redact."""


def push_digests(repo: Repository, remote: str, store: Store, project_id: str, narrow: Narrow) -> Synced:
    """A note for each commit in memory that the remote has and nobody has told of. Raises Error."""

    def adding(there: Remote, notes: Notes) -> Iterator[tuple[str, bytes]]:
        wanted = reached(repo, there.tips, set(commits_standing(store, project_id)))
        told = set(_told(repo, there.notes, notes, [sha for sha in wanted if sha in notes]))
        untold = sorted(wanted - told)
        texts = zip(untold, _texts(repo, there.notes, notes, untold), strict=True)
        for kept in commits_kept(store, project_id, untold):
            text = next(text for sha, text in texts if sha == kept.digest.sha)
            said = union(text or b"", line_of(kept.digest, narrow))
            if kept.digest.diff_missing not in _INCOMPLETE and said != text:
                yield kept.digest.sha, said

    return push(repo, remote, adding)


class Incoming(NamedTuple):
    """What a remote's notes tell that is not known yet."""

    shas: tuple[str, ...]
    """Oldest first; all are here."""
    known: int
    absent: int
    """Of commits that are not here; they stay in the notes until those come."""
    unfit: int
    """Notes that are no digest of their commit."""


def incoming(repo: Repository, commit: str | None, known: Known) -> Incoming:
    """`commit`: of notes, as `pull` has it. Raises Error."""
    notes = notes_at(repo, commit)
    captured = known(list(notes))
    found = commits_named(repo, sorted(set(notes) - captured))
    told = set(_told(repo, commit, notes, list(found)))
    shas = sorted(told, key=lambda sha: (found[sha].committed_at, sha))
    absent = len(notes) - len(captured) - len(found)
    return Incoming(tuple(shas), len(captured), absent, len(found) - len(shas))


def _told(repo: Repository, commit: str | None, notes: Notes, shas: Sequence[str]) -> Iterator[str]:
    """Those whose note is fit; one at a time is in memory."""
    found = commits_named(repo, shas)
    for sha, text in zip(shas, _texts(repo, commit, notes, shas), strict=True):
        if text and sha in found and tells_of(text, found[sha]):
            yield sha


def _texts(repo: Repository, commit: str | None, notes: Notes, shas: Sequence[str]) -> Iterator[bytes | None]:
    """b"" where there is no note."""
    return (b"" for _ in shas) if commit is None else read_texts(repo, commit, [notes.get(sha, ()) for sha in shas])
