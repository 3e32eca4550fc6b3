"""Gathers what was done and hands it over as one automatic note: commits, work in progress, agents' transcripts.

No rules of its own. Invariants: nothing lost, nothing twice: an event stands in the cursor before it is handed over,
and the cursor moves when that was durable; a dry run changes nothing; only this repository's work is looked at.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from contox_hooks.capture import inbox
from contox_hooks.capture.limit import limits_of
from contox_hooks.domain.error import Busy, NotInitialised
from contox_hooks.domain.event import Event, key_of
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.domain.since import WorkInProgress
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.run import GitFailed
from contox_hooks.git.since import branch_of, head_of, reached, span
from contox_hooks.git.tree import Trees
from contox_hooks.git.work_tree import work_in_progress
from contox_hooks.lock import FileLock
from contox_hooks.transcript.cursor import Cursor, Position, read_cursor, write_cursor
from contox_hooks.transcript.evidence import evidence_of
from contox_hooks.transcript.format import Step
from contox_hooks.transcript.known import KNOWN
from contox_hooks.transcript.note import Found, note_payload
from contox_hooks.transcript.reading import Mark, read_on
from contox_hooks.wire.clean import clean_payload

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.capture.state import State
    from contox_hooks.domain.digest import CommitDigest

SOURCE: Final = "cli-auto"
"""CONTRACT.md section 1.1: sessions' name for what the vendor's CLI gathers by itself."""
FIRST_S: Final = WINDOW_S
"""How far back the first look goes: as far as a session (CONTRACT.md section 4)."""
_SLACK_S: Final = 3600
"""A transcript seen for the first time may hold lines of before the last look, written since."""
_COMMITS_READ: Final = 200
_HEADS: Final = 100
"""Remembered, those collected last."""


@dataclass(frozen=True, slots=True)
class Wanted:
    since_s: int | None = None
    """Nothing from before so many seconds ago; None: all that is new."""
    commits: bool = True
    transcripts: bool = True


@dataclass(frozen=True, slots=True)
class Collected:
    event: Event | None
    """As it is stored; None where nothing is new."""
    found: Found
    again: Event | None = None
    """An earlier one that may not have been handed over: it was, first."""
    passed_over: int = 0
    """Lines of transcripts that were too long or not understood as JSON."""
    troubles: tuple[str, ...] = ()
    """What could not be looked at, a line each."""


def collect(parts: Assembly, wanted: Wanted, *, dry_run: bool = False) -> Collected:
    """One event into the inbox, for the next drain. Raises NotInitialised; Busy: another one is at it; StoreError."""
    if not parts.state.database.exists():
        raise NotInitialised(f"nothing is captured in {parts.repo.common_dir.parent} yet", hint="contox-hooks init")
    if dry_run:
        cursor = read_cursor(_path(parts.state))
        again, position = cursor.pending or (None, cursor.position)
        collected, _ = _gathered(parts, wanted, position)
        return replace(collected, again=again)
    lock = FileLock(parts.state.root / "collect.lock")
    if not lock.take():
        raise Busy("another collect is at it in this repository", hint="try again when it is done")
    with lock:
        return _handed_over(parts, wanted)


def _handed_over(parts: Assembly, wanted: Wanted) -> Collected:
    path = _path(parts.state)
    cursor = read_cursor(path)
    again, position = cursor.pending or (None, cursor.position)
    if again is not None:
        inbox.put(parts.state, again)
        write_cursor(path, Cursor(position))
    collected, after = _gathered(parts, wanted, position)
    if collected.event is not None:
        write_cursor(path, Cursor(position, (collected.event, after)))
        inbox.put(parts.state, collected.event)
    write_cursor(path, Cursor(after))
    return replace(collected, again=again)


def _path(state: State) -> Path:
    return state.root / "collect.json"


def _gathered(parts: Assembly, wanted: Wanted, before: Position) -> tuple[Collected, Position]:
    """What is new since `before`, and where things stand after it."""
    now, settings = int(time.time()), parts.settings
    floor = None if wanted.since_s is None else max(0, now - wanted.since_s)
    exclusions, trees = Exclusions(settings.exclude), Trees(parts.repo)
    commits = _commits(parts, before.heads, floor, now - FIRST_S) if wanted.commits else _Commits([], 0, before.heads)
    here = parts.repo.git_dir.name
    work, work_hash, troubles = _work(parts, before.works.get(here, ""))
    looked_at, read = before.at_utc, _Read((), before.marks, Counter(), 0)
    if wanted.transcripts:
        # A last look that is still to come was by a clock that has been set back: nobody knows when it was.
        floor_of_new = looked_at - _SLACK_S if looked_at is not None and looked_at <= now else now - FIRST_S
        read = _read(trees, before.marks, floor, floor_of_new if floor is None else floor)
        looked_at = now
    found = Found(
        branch_of(parts.repo), commits.digests, commits.total, work,
        evidence_of(read.steps, trees, exclusions), read.told,
    )  # fmt: skip
    after = Position(looked_at, commits.heads, {**before.works, here: work_hash}, read.marks)
    event = None if found.is_empty else _event(found, before, after, now)
    return Collected(event, found, None, read.passed_over, troubles), after


def _work(parts: Assembly, before: str) -> tuple[WorkInProgress | None, str, tuple[str, ...]]:
    """Work in progress if it is not as `before`; a hash of it, "" for none; what could not be looked at."""
    try:
        work = work_in_progress(parts.repo, limits_of(parts.settings))
    except GitFailed as error:
        return None, before, (f"work in progress: {error.message}",)
    if work is None or work.is_clean:
        return None, "", ()
    told = replace(work, troubles=())
    after = sha256(repr(told).encode("utf-8", "replace")).hexdigest()
    return told if after != before else None, after, work.troubles


def _event(found: Found, before: Position, after: Position, now: int) -> Event:
    """Its key names what it tells and where that stood, never when it was gathered: to say the same thing again
    another day is another event, to gather the same stretch twice is not."""
    payload = clean_payload(note_payload(found))
    stretch = [before.heads, sorted(before.works.items()), *(f"{mark.path} {mark.offset}" for mark in after.marks)]
    return Event(
        "mcp_save", key_of("mcp_save", SOURCE, json.dumps(payload, sort_keys=True), *stretch), SOURCE, now, payload
    )


class _Commits(NamedTuple):
    digests: list[CommitDigest]
    total: int
    heads: tuple[str, ...]


def _commits(parts: Assembly, collected: tuple[str, ...], floor: int | None, first_floor: int) -> _Commits:
    """All that HEAD has and no commit that was collected here before, on whatever branch, reaches."""
    repo = parts.repo
    head = head_of(repo)  # once: what is committed meanwhile is for the next time
    bases = reached(repo, head, collected)
    oldest = first_floor if not bases and floor is None else floor
    found = span(repo, head, bases, walk="all", limit=_COMMITS_READ, since=oldest)
    names_only = DigestLimits(diffs=False, exclusions=Exclusions(parts.settings.exclude))
    heads = list(dict.fromkeys([*([] if head is None else [head]), *(bases or collected)]))
    return _Commits(list(read_digests(repo, found.shas, limits=names_only)), found.total, tuple(heads[:_HEADS]))


@dataclass(frozen=True, slots=True)
class _Read:
    steps: tuple[Step, ...]
    """Of this repository, in the order of their time."""
    marks: tuple[Mark, ...]
    told: Counter[str]
    """Tool to how many of its transcripts told something."""
    passed_over: int


def _read(trees: Trees, marks: tuple[Mark, ...], floor: int | None, floor_of_new: int) -> _Read:
    timed: list[tuple[int, Step]] = []
    moved: list[Mark] = []
    told: Counter[str] = Counter()
    passed_over = 0
    for known in KNOWN:
        for path in sorted(known.files(trees.folders)):
            stretch = read_on(path, marks, known.step, floor=floor, floor_of_new=floor_of_new)
            if stretch is None:
                continue
            moved.append(stretch.mark)
            passed_over += stretch.passed_over
            at = 0
            ours = [step for step in stretch.steps if step.cwd is not None and trees.holds(step.cwd)]
            for step in ours:
                at = step.at_utc or at
                timed.append((at, step))
            told[known.name] += bool(ours)
    timed.sort(key=lambda each: each[0])
    paths = {mark.path for mark in moved}
    inodes = {mark.inode for mark in moved}
    kept = [mark for mark in marks if mark.path not in paths and mark.inode not in inodes]
    return _Read(tuple(step for _, step in timed), (*moved, *kept), +told, passed_over)
