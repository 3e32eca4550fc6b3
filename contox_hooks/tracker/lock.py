"""Waiting for a file lock that others hold for as long as a line takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contox_hooks.domain.error import Busy
from contox_hooks.lock import FileLock
from contox_hooks.tracker.place import Place

_POLL_S = 0.002


@contextmanager
def held(path: Path, *, wait_s: float = 5.0) -> Iterator[None]:
    """Raises Busy when it is not ours within `wait_s`, OSError when the file cannot be opened."""
    lock, until = FileLock(path), time.monotonic() + wait_s
    while not lock.take():
        if time.monotonic() > until:
            raise Busy(f"another process holds {path}", hint="try again")
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def unless_running(place: Place) -> Iterator[bool]:
    """Whether no tracker runs; while the block lasts none can start. The caller holds `place.writing`, so whoever else
    has the lock is a tracker. Raises OSError."""
    with FileLock(place.lock) as lock:
        yield lock.take()


def is_running(place: Place, *, wait_s: float = 5.0) -> bool:
    """Raises OSError where that cannot be asked, Busy."""
    if not place.lock.exists():
        return False
    with held(place.writing, wait_s=wait_s), unless_running(place) as is_free:
        return not is_free
