"""What capture has not got, derived from git itself (invariant 11). Reads, writes nothing; also where nothing can be
written: a store on a read-only disk still tells what it knows.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.capture.sweep import waiting
from contox_hooks.domain.error import StoreDamaged, StoreError, StoreNewer
from contox_hooks.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Gaps:
    undelivered: int
    """Events that the memory store has not acknowledged."""
    unseen: int | None
    """Commits on branches and tags that no look has seen; None when it was not asked for."""
    lost: tuple[tuple[str, str], ...]
    """(commit, why) of commits that were found and could not be read; the latest twenty."""
    lost_total: int
    looked_at: int | None
    """When the last look was, seconds since the epoch."""
    last_event_at: int | None
    unlearned_lines: int | None
    """Changed lines of delivered commits that no pipeline run was asked for; None without such commits."""


def gaps_of(repo: Repository, state: State, *, unseen: bool) -> Gaps:
    """`unseen` compares git's refs with the last look (some git calls). Raises StoreError, GitFailed."""
    with _readable(state.database) as store:
        try:
            counts, burst, before = store.counts(), store.unlearned(), store.snapshot()
            looked_at = store.meta("looked_at")
            return Gaps(
                undelivered=counts.pending,
                unseen=waiting(repo, before) if unseen and before is not None else None,
                lost=tuple(store.gaps()) if counts.gaps else (),
                lost_total=counts.gaps,
                looked_at=None if looked_at is None else int(looked_at),
                last_event_at=counts.last_at_utc,
                unlearned_lines=None if burst is None else burst.changed_lines,
            )
        except sqlite3.Error as error:
            raise StoreError(f"{state.database} cannot be read ({error})", hint="contox-hooks doctor") from error


def set_aside_files(folder: Path) -> list[Path]:
    """Damaged databases that were moved out of the way in `folder`, oldest first."""
    try:
        names = sorted(folder.glob("*.db.damaged-*"))
    except OSError:
        return []
    return [path for path in names if not path.name.endswith(("-wal", "-shm"))]


def _readable(path: Path) -> CaptureStore:
    try:
        return CaptureStore.open(path)
    except (StoreNewer, StoreDamaged):
        raise
    except StoreError as error:
        if not path.exists():
            raise
        try:
            # A folder where SQLite can make no -shm file: nobody can be writing either.
            return CaptureStore(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True), path)
        except sqlite3.Error:
            raise error from None
