"""The end of a session: its stop line, its summary, its own file, the state. Also of one whose tracker was killed.

Invariant: what is written here is written by who holds the tracker's lock, so by nobody while a tracker runs.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

from contox_hooks.plain import opened
from contox_hooks.tracker import log
from contox_hooks.tracker.line import entry_of, line, one_line
from contox_hooks.tracker.lock import held, unless_running
from contox_hooks.tracker.place import Place
from contox_hooks.tracker.state import State, iso, read_state, write_state

STOPPED = "Session tracker stopped"
_LAST_BYTES = 4096
"""More than the last line of a log has."""


def close(place: Place, state: State, *, text: str = STOPPED, at: float, stopped_at: float | None = None) -> State:
    """The state as it stands then. The caller holds `writing` and `lock`. Raises OSError; the state is written whatever
    became of the rest. Repeated, because a full disk took the line and not the state, the line stands there once."""
    closed = replace(state, status="stopped", pid=None, process=None, stopped_at=iso(stopped_at or at))
    try:
        last = entry_of("".join(log.read_from(place, log.size_bytes(place) - _LAST_BYTES)[-1:]))
        if last is None or not last.kind.startswith(STOPPED):
            log.append(place, [line(text, at)], header=log.session_header(state.session, state.task))
        log.archive(place, state.session)
        try:
            write_summary(place)
        except OSError:
            raise
        except Exception as error:  # a line that we cannot read: the session ends all the same
            detail = one_line(f"the summary could not be made: {type(error).__name__}: {error}")
            closed = replace(closed, last_error={"timestamp": iso(at), "detail": detail})
    finally:
        write_state(place, closed)
        for path in (place.pid, place.stop):
            path.unlink(missing_ok=True)
    return closed


def write_summary(place: Place) -> str:
    """`session_summary.md` of the session in the log; its text. Raises OSError."""
    from contox_hooks.tracker.summary import summary_of
    from contox_hooks.whole import write_whole

    text = summary_of(log.read_from(place, 0))
    write_whole(place.summary, text, durable=False)
    return text


def has_summary(place: Place, session: str) -> bool:
    """Whether `session_summary.md` is this session's."""
    try:
        with os.fdopen(opened(place.summary, os.O_RDONLY), "rb") as file:
            return file.readline(100) == f"# Session {session}\n".encode()
    except OSError:
        return False


def close_dead(place: Place) -> State | None:
    """The state as it truly is: one that says `running` without a tracker is mended, and its session closed. Raises
    OSError, Busy, Refused."""
    with held(place.writing), unless_running(place) as is_free:
        return mended(place) if is_free else read_state(place)


def mended(place: Place) -> State | None:
    """The same for who holds `writing` and `lock`."""
    state = read_state(place)
    if state is None or state.status != "running":
        return state
    place.refuse_tracked()  # it came with a clone: no session of ours, and closing it would change files of git's
    seen_at = max(path.stat().st_mtime for path in (place.state, place.log) if path.exists())
    text = f"{STOPPED}: it had died, {iso(seen_at)} was its last sign of life"
    return close(place, state, text=text, at=time.time(), stopped_at=seen_at)
