"""The notes here and there made one: fetched, joined, pushed, and once more when somebody was quicker.

Must not know what notes say. Invariant: what either side had is in what both have in the end; cut off anywhere, each
side has what it had, or both.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, NamedTuple

from contox_hooks.domain.error import AccessRefused, Busy, RemoteError
from contox_hooks.domain.redaction import redact
from contox_hooks.git.note import Notes, commit_named, joined, notes_at, tip
from contox_hooks.git.note_remote import Remote, fetch_notes, push_notes, remote_now
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, stream

ATTEMPTS: Final = 10
_UNMOVED: Final = 3
"""Refusals without anybody having been quicker (a lock may be held still), after which it is the remote's own rule."""

Adding = Callable[[Remote, Collection[str]], Iterable[tuple[str, bytes]]]
"""Given the remote, and the ids of commits that have a note on either side: further commits, each with its line."""


class Synced(NamedTuple):
    commit: str | None
    """Where the ref is now, here and there; None where there is none."""
    added: int
    """Notes that were written."""
    pushed: bool
    """The remote's ref was moved."""
    attempts: int


def pull(repo: Repository, remote: str) -> Synced:
    """What the remote has joined with what is here. Raises Error."""
    for attempt in range(1, ATTEMPTS + 1):
        there, was = _fetched(repo, remote), tip(repo)
        try:
            return Synced(joined(repo, there.notes), 0, False, attempt)
        except GitFailed:
            if tip(repo) == was:
                raise
            _pause(attempt)
    raise Busy("the notes here are being written by somebody else again and again", hint="try again in a moment")


def push(repo: Repository, remote: str, adding: Adding) -> Synced:
    """The same, with what `adding` says, and to the remote.

    Raises AccessRefused where the remote does not let the ref be written, Busy where others are always quicker, and
    what `remote_now` raises.
    """
    unmoved, before, why = 0, "", ""
    for attempt in range(1, ATTEMPTS + 1):
        there, was = _fetched(repo, remote), tip(repo)
        unmoved = unmoved + 1 if why and (there.notes or "") == before else 0
        if unmoved == _UNMOVED:
            raise AccessRefused(
                f"{redact(remote).text} does not take the notes: {why}", hint="may you push refs/notes/contox there?"
            )
        before = there.notes or ""
        counted = _Counted()
        try:
            here = joined(repo, there.notes, counted.over(adding(there, _noted(repo, there))))
        except GitFailed:
            if tip(repo) == was:
                raise
            _pause(attempt)
            continue
        if here is None or here == there.notes:
            return Synced(here, counted.count, False, attempt)
        why = push_notes(repo, remote, here) or ""
        if not why:
            return Synced(here, counted.count, True, attempt)
        _pause(attempt)
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
    if there.notes is not None and commit_named(repo, there.notes) is None:
        fetch_notes(repo, remote)
        if commit_named(repo, there.notes) is None:
            if remote_now(repo, remote).notes != there.notes:
                return _fetched(repo, remote)
            raise RemoteError(f"what {redact(remote).text} has as notes are none")
    return there


def _noted(repo: Repository, there: Remote) -> set[str]:
    sides: list[Notes] = [notes_at(repo, commit) for commit in dict.fromkeys((tip(repo), there.notes))]
    return {sha for notes in sides for sha in notes}


class _Counted:
    def __init__(self) -> None:
        self.count = 0

    def over(self, added: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
        for one in added:
            self.count += 1
            yield one


def _pause(attempt: int) -> None:
    """Two who met must not meet again."""
    time.sleep(random.uniform(0, min(2.0, 0.05 * 2**attempt)))
