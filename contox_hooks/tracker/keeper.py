"""What a running tracker writes: lines to the log, and the state, of which it is the one writer.

Others append to the log as well (notes, commands); what they wrote since the last look goes into the state from there.
Invariants: one thread; a write that fails is said in the state, held back in bounds, and tried again seconds later:
what could not be kept is counted, never silent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contox_hooks.domain.error import Error
from contox_hooks.tracker import log
from contox_hooks.tracker.close import STOPPED, close
from contox_hooks.tracker.line import command_of, entry_of, iso_of, line, one_line
from contox_hooks.tracker.lock import held
from contox_hooks.tracker.place import Place
from contox_hooks.tracker.state import State, iso, write_state

LOG_BYTES = 16 * 1024 * 1024
"""Some 200,000 lines: a log that reached it takes notes and commands only; changes of files are counted."""
WAITING_LINES = 50_000
RETRY_S = 5.0


class Keeper:
    """`state` is what was written when the session began; the log ended at `offset` then."""

    def __init__(self, place: Place, state: State, offset: int) -> None:
        self.state = state
        self._place = place
        self._offset = offset
        self._waiting: list[str] = []
        self._is_dirty = False
        self._is_full = False
        self._rests_until = 0.0

    def tell(self, lines: Sequence[str], **changed: Any) -> None:
        """Lines of this tracker's own; `changed` are fields of the state."""
        self.state = replace(self.state, **changed)
        self._is_dirty = True
        if self._offset <= LOG_BYTES:
            self._waiting += lines
            self._drop(len(self._waiting) - WAITING_LINES)
            del self._waiting[WAITING_LINES:]
            return
        if not self._is_full:
            self._is_full = True
            text = f"Gap: the log has {LOG_BYTES:,} bytes; changes of files are counted, not listed, from here on"
            self._waiting.append(line(text, time.time()))
        self._drop(len(lines))

    def fail(self, error: Exception, at: float) -> None:
        """Say it in the state."""
        self.state = replace(self.state, last_error={"timestamp": iso(at), "detail": _detail(error)})
        self._is_dirty = True

    def has_failed_so(self, error: Exception) -> bool:
        return self.state.last_error is not None and self.state.last_error["detail"] == _detail(error)

    def write(self) -> None:
        """Whatever waits, and what others wrote, if it is time to. Never raises for a disk."""
        if time.monotonic() < self._rests_until:
            return
        if not self._waiting and not self._is_dirty and log.size_bytes(self._place) == self._offset:
            return
        try:
            with held(self._place.writing):
                self._write_log()
            write_state(self._place, self.state)
            self._is_dirty = False
        except (OSError, Error) as error:
            self._rests_until = time.monotonic() + RETRY_S
            self.fail(error, time.time())

    def close(self) -> None:
        """The session's end, whatever still waits. Raises OSError, Busy."""
        self._rests_until = 0.0
        self.write()
        with held(self._place.writing):
            self.state = close(self._place, self.state, text=self._stop_text(), at=time.time())

    def _stop_text(self) -> str:
        missing = self.state.unwritten + len(self._waiting)
        return f"{STOPPED} ({missing:,} lines could not be written)" if missing else STOPPED

    def _write_log(self) -> None:
        for text in log.read_from(self._place, self._offset):
            self._take(text)
        self._offset = log.size_bytes(self._place)
        if self._waiting:
            header = log.session_header(self.state.session, self.state.task)
            self._offset = log.append(self._place, self._waiting, header=header)
            self._waiting.clear()

    def _take(self, text: str) -> None:
        """A line that somebody else wrote."""
        entry = entry_of(text)
        if entry is None:
            return
        command = command_of(entry)
        if command is not None:
            told = {"timestamp": iso_of(entry.stamp), "command": command[0], "status": command[1]}
            self.state = replace(self.state, last_command=told)  # type: ignore[arg-type]
        elif entry.kind != "Output":
            detail = f"{entry.kind}: {entry.detail}"
            self.state = replace(self.state, last_event={"timestamp": iso_of(entry.stamp), "detail": detail})
        self._is_dirty = True

    def _drop(self, count: int) -> None:
        if count > 0:
            self.state = replace(self.state, unwritten=self.state.unwritten + count)


def _detail(error: Exception) -> str:
    return one_line(error.message if isinstance(error, Error) else str(error) or type(error).__name__)
