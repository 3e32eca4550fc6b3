"""`session_state.json`: what the tracker is doing, for whoever asks without reading the log.

Invariants: written whole, and by one writer at a time: who holds the tracker's lock. What cannot be read is no state,
nor is what has a session that is none of ours: that names files, and the state may have come with a clone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypedDict

from contox_hooks.plain import opened
from contox_hooks.tracker.place import Place
from contox_hooks.whole import write_whole


class Event(TypedDict):
    timestamp: str
    detail: str


class Command(TypedDict):
    timestamp: str
    command: str
    status: str


@dataclass(frozen=True, slots=True)
class State:
    """The field names of the original (TRACKER.md, "Files"), and what it had not."""

    status: Literal["running", "stopped"] = "stopped"
    session: str = ""
    task: str | None = None
    pid: int | None = None
    process: str | None = None
    """life.py's mark of that process."""
    started_at: str | None = None
    """Times are ISO 8601 with the local zone."""
    stopped_at: str | None = None
    watching: tuple[str, ...] = ()
    """Relative to the root; `.` is the root."""
    last_event: Event | None = None
    last_command: Command | None = None
    events: int = 0
    """Changes of files that were seen, each write counted."""
    gaps: int = 0
    unwritten: int = 0
    """Lines that are not in the log: it had reached its limit, or could not be written for long."""
    last_error: Event | None = None


_TYPES = {
    "status": str, "session": str, "task": str, "pid": int, "process": str, "started_at": str, "stopped_at": str,
    "watching": list, "last_event": dict, "last_command": dict, "events": int, "gaps": int, "unwritten": int,
    "last_error": dict,
}  # fmt: skip
_KEYS: Mapping[str, set[str]] = {
    "last_event": set(Event.__annotations__),
    "last_command": set(Command.__annotations__),
    "last_error": set(Event.__annotations__),
}
_SESSION = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z")
_READ_BYTES = 1024 * 1024
"""Far more than a state has."""


def read_state(place: Place) -> State | None:
    """None where no tracker ever ran, or what stands there is not a state."""
    try:
        with os.fdopen(opened(place.state, os.O_RDONLY), "rb") as file:
            found = json.loads(file.read(_READ_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    kept: dict[str, Any] = {name: value for name, value in found.items() if _is_of(name, value)}
    session, is_running = kept.get("session", ""), kept.get("status") == "running"
    if (session or is_running) and not _SESSION.fullmatch(session):
        return None
    kept["watching"] = tuple(str(path) for path in kept.get("watching", ()))
    return State(**{field.name: kept[field.name] for field in fields(State) if kept.get(field.name) is not None})


def _is_of(name: str, value: object) -> bool:
    if isinstance(value, dict):
        return _KEYS.get(name) == value.keys() and all(isinstance(text, str) for text in value.values())
    return isinstance(value, _TYPES.get(name, type(None)))


def write_state(place: Place, state: State) -> None:
    """The caller holds the tracker's lock. Raises OSError; then the file is as it was."""
    write_whole(place.state, f"{json.dumps(asdict(state), indent=2, ensure_ascii=False)}\n", durable=False)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
