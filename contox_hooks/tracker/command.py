"""Notes and commands, written into the log by whoever has them, beside a running tracker or without one.

Invariant: the state has one writer: a tracker that runs reads them out of the log; where none does, the caller holds
its lock for that moment.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contox_hooks.tracker import log
from contox_hooks.tracker.close import mended
from contox_hooks.tracker.line import STATUS_CHARACTERS, command_text, line, one_line
from contox_hooks.tracker.lock import held, unless_running
from contox_hooks.tracker.order import new_session_id
from contox_hooks.tracker.place import Place, unwritable
from contox_hooks.tracker.state import State, iso, read_state, write_state


def tell_note(place: Place, text: str) -> None:
    """Raises StoreError, Busy."""
    told = f"Note: {one_line(text)}"
    _write(place, [told], lambda stamp: {"last_event": {"timestamp": stamp, "detail": told}})


def tell_command(place: Place, command: str, status: str, output: Sequence[str] = ()) -> None:
    """`output`: lines of what it printed. Raises StoreError, Busy."""
    shown = {"command": one_line(command), "status": one_line(status, STATUS_CHARACTERS)}
    lines = [command_text(command, status), *(f"Output: {one_line(text)}" for text in output)]
    _write(place, lines, lambda stamp: {"last_command": {"timestamp": stamp, **shown}})


def _write(place: Place, texts: Sequence[str], changed: Any) -> None:
    now = time.time()
    place.create()
    lines = [line(text, now) for text in texts]
    try:
        with held(place.writing), unless_running(place) as is_free:
            state = (mended(place) if is_free else read_state(place)) or State()
            running = state.session if not is_free else ""
            header = log.session_header(running, state.task) if running else log.between_header(new_session_id())
            log.append(place, lines, header=header)
            if is_free:
                write_state(place, replace(state, **changed(iso(now))))
    except OSError as error:
        raise unwritable(place.folder, error) from error
