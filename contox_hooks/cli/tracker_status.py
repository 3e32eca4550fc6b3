"""What `tracker status` prints. Must not import Typer: the front door calls `answer` past it (`__main__`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from contox_hooks.cli.render import ago, clean, emit_json, plural, say
from contox_hooks.domain.error import Error
from contox_hooks.tracker.life import is_same
from contox_hooks.tracker.lock import is_running
from contox_hooks.tracker.place import Place, place_of
from contox_hooks.tracker.state import State, read_state

_WAIT_S = 0.05
"""Whoever writes is done by then, or stopped: then the process itself is looked at."""


def answer(*, as_json: bool) -> bool:
    """Print the status; False when the command line has an error to tell."""
    try:
        show(None, as_json=as_json)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # also a reader that left: the command line handles each of them
        return False
    return True


def show(root: Path | None, *, as_json: bool) -> None:
    """Raises RepositoryError, UsageError, StoreError."""
    place = place_of(root)
    place.check()
    state = state_now(place)
    if as_json:
        emit_json({"running": state.status == "running", "root": str(place.root), **asdict(state)})
        return
    for line in _lines(place, state):
        say(line)


def state_now(place: Place) -> State:
    """The state as it is: a tracker that was killed does not run, and its session is closed here and now. Where that
    cannot be written, it is true all the same."""
    state = read_state(place) or State()
    try:
        if not is_running(place, wait_s=_WAIT_S):
            if state.status != "running":
                return state
            from contox_hooks.tracker.close import close_dead  # rarely wanted, and half of all imports

            return close_dead(place) or State()
    except (OSError, Error):  # read-only, full, or somebody holds the folder's lock: the process itself tells
        if state.status == "running" and not is_same(state.pid, state.process):
            return replace(state, status="stopped", pid=None, process=None)
    return state


def _lines(place: Place, state: State) -> Iterator[str]:
    root = clean(str(place.root))
    if not state.session:
        yield f"no tracker runs in {root}"
        yield "  → contox-hooks tracker start"
    elif state.status == "running":
        yield f"tracking {root} since {_moment(state.started_at)}, pid {state.pid}"
    else:
        yield f"no tracker runs in {root}; the last one stopped {_moment(state.stopped_at)}"
    if state.session:
        task = f", {clean(state.task)}" if state.task else ""
        yield f"  session   {state.session}{task}"
        yield f"  watching  {clean(', '.join(state.watching)) or 'nothing: tracker_watch names no folder that is here'}"
        yield f"  seen      {plural(state.events, 'change')}" + (f", {plural(state.gaps, 'gap')}" if state.gaps else "")
    if state.last_event:
        yield f"  event     {clean(state.last_event['detail'])}, {_moment(state.last_event['timestamp'])}"
    if state.last_command:
        told = f"{state.last_command['command']} -> {state.last_command['status']}"
        yield f"  command   {clean(told)}, {_moment(state.last_command['timestamp'])}"
    if state.unwritten:
        yield f"! {plural(state.unwritten, 'line')} could not be kept in the log"
    if state.status == "running" and (trouble := _trouble(place.folder)):
        yield f"! nothing can be written to {clean(str(place.folder))}: {trouble}"
    if state.last_error:
        yield f"! {clean(state.last_error['detail'])}, {_moment(state.last_error['timestamp'])}"


def _trouble(folder: Path) -> str:
    """What a tracker that cannot write cannot write either: why."""
    if not os.access(folder, os.W_OK):
        return "no permission"
    is_full = hasattr(os, "statvfs") and not os.statvfs(folder).f_bavail
    return "no space left on the device" if is_full else ""


def _moment(iso: str | None) -> str:
    try:
        return ago(datetime.fromisoformat(iso or "").timestamp())
    except (ValueError, OverflowError):
        return "at an unknown time"
