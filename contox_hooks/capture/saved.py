"""Files that were saved in the work tree, between commits: `contox/saved`, a line a path, written by the tracker.

The drain makes one event of them at the next commit, or when the tracker asks for it. Like the spool it is read from an
offset that moves in the transaction that stores the event, so a kill between repeats nothing and loses nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, NamedTuple

from contox_hooks.capture.spool import knock
from contox_hooks.capture.state import State
from contox_hooks.domain.digest import MAX_FILES_LISTED
from contox_hooks.domain.event import SOURCE_HOOKS, Event, key_of
from contox_hooks.domain.path import Exclusions

_FLUSH = b"!\n"
_ROTATE_BYTES = 256 * 1024


class Saved(NamedTuple):
    """What stands behind an offset."""

    paths: tuple[str, ...]
    """Each once, in the order of their last save; the last MAX_FILES_LISTED."""
    total: int
    first_at: int
    last_at: int
    is_flushed: bool
    """Somebody asked that they be sent without a commit."""
    offset: int


def note_saved(state: State, paths: Iterable[str]) -> None:
    """Paths are the repository's, with `/`. Raises OSError."""
    from contox_hooks.domain.redaction import redact

    now = int(time.time())
    lines = "".join(f"{now} {json.dumps(redact(path).text)}\n" for path in paths)
    if lines:
        with _locked(state, "ab") as file:
            file.write(lines.encode())


def flush(state: State) -> None:
    """The next drain sends what was noted, also without a commit. Raises OSError."""
    if state.saved.exists():
        with _locked(state, "ab") as file:
            file.write(_FLUSH)
        knock(state.spool)


def saved_since(state: State, offset: int, exclude: Sequence[str]) -> Saved | None:
    """Without what the patterns `exclude`. None when there is nothing behind `offset`; from the start when the file is
    shorter (it was emptied)."""
    try:
        with state.saved.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(offset if offset <= size else 0)
            start, data = file.tell(), file.read()
    except OSError:
        return None
    exclusions = Exclusions(exclude)
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        return None
    paths: dict[str, None] = {}
    times: list[int] = []
    for line in whole.splitlines():
        moment, _, text = line.partition(b" ")
        try:
            path, at_utc = json.loads(text), int(moment)
        except ValueError:  # the mark of a flush, or half a line of a full disk
            continue
        if isinstance(path, str) and not exclusions.matches(path):
            paths.pop(path, None)
            paths[path] = None
            times.append(at_utc)
    listed = tuple(paths)[-MAX_FILES_LISTED:]
    first, last = min(times, default=0), max(times, default=0)
    return Saved(listed, len(paths), first, last, _FLUSH in whole, start + len(whole))


def saved_event(saved: Saved) -> Event:
    """CONTRACT.md section 3, `vscode_capture` without commits."""
    payload = {
        "filesModified": list(saved.paths),
        "sessionDurationMs": 1000 * (saved.last_at - saved.first_at),
        "activeEditorFiles": [],
    }
    if saved.total > len(saved.paths):
        payload["filesTotal"] = saved.total
    key = key_of("vscode_capture", saved.first_at, saved.last_at, saved.offset, *saved.paths)
    return Event("vscode_capture", key, SOURCE_HOOKS, saved.last_at, payload)


def empty_if_read(state: State, offset: int) -> bool:
    """Start the file over once it is long and wholly read; whoever writes waits for that moment."""
    if offset < _ROTATE_BYTES:
        return False
    try:
        with _locked(state, "rb+") as file:
            if file.seek(0, os.SEEK_END) != offset:
                return False
            file.truncate(0)
    except OSError:
        return False
    return True


@contextmanager
def _locked(state: State, mode: str) -> Iterator[IO[bytes]]:
    with state.saved.open(mode) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
