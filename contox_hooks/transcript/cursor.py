"""How far was collected here: a small file in the repository's state folder, written whole and durably.

Invariant: an event that was made but perhaps not handed over stands in it, with where things stand after it: who comes
next hands over the same event again, and only then goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contox_hooks.domain.error import StoreError
from contox_hooks.domain.event import Event
from contox_hooks.transcript.reading import Mark
from contox_hooks.whole import write_whole

MAX_MARKS: Final = 500
"""Transcripts remembered, those read last."""


@dataclass(frozen=True, slots=True)
class Position:
    at_utc: int | None = None
    """When transcripts were last looked for; None before the first time."""
    heads: tuple[str, ...] = ()
    """Commits that they reach were collected."""
    works: Mapping[str, str] = field(default_factory=dict)
    """Work tree to a hash of the work in progress that was collected there last."""
    marks: tuple[Mark, ...] = ()
    """Read last comes first."""


@dataclass(frozen=True, slots=True)
class Cursor:
    position: Position = Position()
    pending: tuple[Event, Position] | None = None


def read_cursor(path: Path) -> Cursor:
    """A cursor that is not there, or cannot be understood, is one that has seen nothing."""
    try:
        found = json.loads(path.read_text("utf-8"))
        pending = found["pending"]
        return Cursor(
            _position(found["position"]),
            None if pending is None else (Event(*pending["event"]), _position(pending["position"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Cursor()


def write_cursor(path: Path, cursor: Cursor) -> None:
    """Raises StoreError; then the file is as it was."""
    pending = None
    if cursor.pending is not None:
        event, position = cursor.pending
        told = [event.type, event.key, event.source, event.at_utc, event.payload]
        pending = {"event": told, "position": _object(position)}
    try:
        write_whole(path, json.dumps({"position": _object(cursor.position), "pending": pending}))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="free some space, or check its permissions"
        ) from error


def _object(position: Position) -> dict[str, Any]:
    marks = [{name: getattr(mark, name) for name in mark.__slots__} for mark in position.marks[:MAX_MARKS]]
    return {"at_utc": position.at_utc, "heads": position.heads, "works": dict(position.works), "marks": marks}


def _position(found: dict[str, Any]) -> Position:
    marks = tuple(Mark(**mark) for mark in found["marks"])
    return Position(found["at_utc"], tuple(found["heads"]), dict(found["works"]), marks)
