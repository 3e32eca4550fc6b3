"""The notes of a remote: seen as they are there, and once more with what is new, also when somebody was quicker.

Must not know what notes say. Invariant: what is pushed is what that remote has, with what `adding` says on top and
nothing else that is here; cut off anywhere, the remote has what it had, or all of it.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, NamedTuple

from contox_hooks.domain.error import AccessRefused, Busy, RemoteError
from contox_hooks.domain.redaction import redact
from contox_hooks.git.note import Notes, commit_named, keep, notes_at, written
from contox_hooks.git.note_remote import Remote, fetch_notes, push_notes, remote_now
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import stream

ATTEMPTS: Final = 10
_UNMOVED: Final = 3
"""Refusals without anybody having been quicker (a lock may be held still), after which it is the remote's own rule."""

Adding = Callable[[Remote, Notes], Iterable[tuple[str, bytes]]]
"""Given the remote and its notes: commits, each with all of what its note says then."""


class Synced(NamedTuple):
    commit: str | None
    """Where the remote's ref is now; None where it has none."""
    added: int
    """Notes that were written."""
    attempts: int


def pull(repo: Repository, remote: str) -> str | None:
    """The commit of what the remote has, which is here then; None where it has none. Raises Error."""
    return _fetched(repo, remote).notes


def push(repo: Repository, remote: str, adding: Adding) -> Synced:
    """What `adding` says, on top of what the remote has.

    Raises AccessRefused where the remote does not let the ref be written, Busy where others are always quicker, and
    what `remote_now` raises.
    """
    unmoved, before, why = 0, "", ""
    for attempt in range(1, ATTEMPTS + 1):
        there = _fetched(repo, remote)
        unmoved = unmoved + 1 if why and (there.notes or "") == before else 0
        if unmoved == _UNMOVED:
            raise AccessRefused(
                f"{redact(remote).text} does not take the notes: {why}", hint="may you push refs/notes/contox there?"
            )
        before = there.notes or ""
        notes = notes_at(repo, there.notes)
        counted = _Counted()
        commit = written(repo, there.notes, notes, counted.over(adding(there, notes)))
        if commit is None:
            return Synced(there.notes, 0, attempt)
        why = push_notes(repo, remote, commit) or ""
        if not why:
            keep(repo, remote, commit)
            return Synced(commit, counted.count, attempt)
        time.sleep(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # two who met must not meet again
    raise Busy(f"others were quicker {ATTEMPTS} times: {why}", hint="try again in a moment")


def reached(repo: Repository, tips: Iterable[str], wanted: Collection[str]) -> set[str]:
    """Those of these commits that the tips reach, as far as the tips are here."""
    found: set[str] = set()
    starts = "".join(f"{sha}\n" for sha in tips).encode()
    if not starts or not wanted:
        return found
    with stream(repo.common_dir, "rev-list", "--ignore-missing", "--stdin", stdin=subprocess.PIPE) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        git.stdin.write(starts)
        git.stdin.close()
        for line in git.stdout:
            sha = line.decode().strip()
            if sha in wanted:
                found.add(sha)
                if len(found) == len(wanted):
                    break
    return found


def _fetched(repo: Repository, remote: str) -> Remote:
    there = remote_now(repo, remote)
    if there.notes is None:
        return there
    if commit_named(repo, there.notes) is None:
        fetch_notes(repo, remote)
        if commit_named(repo, there.notes) is None:
            if remote_now(repo, remote).notes != there.notes:
                return _fetched(repo, remote)
            raise RemoteError(f"what {redact(remote).text} has as notes are none")
    keep(repo, remote, there.notes)
    return there


class _Counted:
    def __init__(self) -> None:
        self.count = 0

    def over(self, added: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
        for one in added:
            self.count += 1
            yield one
