"""The files that capturing needs: writable, for their owner alone, sound, of a format that is understood.

Reads without changing anything: a damaged store is only named, `mend` sets it aside and has it filled again.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from contox_hooks.capture import store as capture_store
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.diagnosis.finding import Finding
from contox_hooks.domain.error import Busy, StoreDamaged, StoreError, StoreNewer
from contox_hooks.lock import FileLock
from contox_hooks.memory import store as memory_store

FIX = "contox-hooks doctor --fix"


def state_findings(state: State) -> Iterator[Finding]:
    """Writing is tried: a full disk and a read-only file system look alike to `access`."""
    if not state.exists:
        return
    try:
        with tempfile.NamedTemporaryFile(dir=state.root, prefix=".try-") as file:
            file.write(b"\0" * 4096)
            file.flush()
        with state.spool.open("ab"):
            pass
    except OSError as error:
        hint = "free some space" if error.errno == 28 else f"ls -ld {state.root}"  # 28: ENOSPC
        yield Finding("state", f"{error.filename or state.root} cannot be written: {error.strerror}", hint)


def permission_findings(state: State, memory: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    for path, wanted in (
        (state.root, 0o700),
        (state.database, 0o600),
        (memory.parent, 0o700),
        (memory, 0o600),
    ):
        try:
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue
        if mode & 0o077:
            text = f"others may use {path} (mode {mode:04o})"
            yield Finding("permissions", text, f"chmod {wanted:o} {path}", mend=_chmod(path, wanted))


def _chmod(path: Path, mode: int) -> Callable[[], str]:
    def mend() -> str:
        path.chmod(mode)
        return f"{path} is for its owner only"

    return mend


def capture_findings(state: State, refill: Callable[[], object]) -> Iterator[Finding]:
    """`refill` drains once the damaged database is out of the way."""
    if not state.database.exists():
        return

    def mend() -> str:
        with FileLock(state.lock) as lock:
            if not lock.take():
                raise Busy("a drain is at work in this repository", hint="try again in a moment")
            aside = capture_store.set_aside(state.database)
            with CaptureStore.open(state.database) as store:
                store.keep_meta("recovering", "1")
        refill()
        return f"set aside as {aside}, built again from git; for history that was read in: contox-hooks backfill"

    try:
        CaptureStore.open(state.database).close()
        why = _quick_check(state.database)
    except StoreDamaged as error:
        why = error.message
    except StoreError as error:
        yield Finding("capture", error.message, error.hint)
        return
    if why is not None:
        yield Finding("capture", f"{state.database} is damaged ({why})", FIX, mend=mend)


def memory_findings(path: Path, refill: Callable[[], object]) -> Iterator[Finding]:
    if not path.exists():
        return

    def mend() -> str:
        aside = memory_store.set_aside(path)
        refill()
        return f"set aside as {aside}, filled again from what was captured"

    try:
        with memory_store.Store.open(path, readonly=True) as store:
            why = store.damage()
    except StoreDamaged as error:
        why = error.message
    except (StoreNewer, StoreError) as error:
        yield Finding("memory", error.message, error.hint)
        return
    if why is not None:
        yield Finding("memory", f"{path} is damaged ({why})", FIX, mend=mend)


def _quick_check(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else found
