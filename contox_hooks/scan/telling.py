"""Findings on their way to memory: `scan_result` events of bounded size, and the record of what was told last.

Pure but for that record, one small file that may be deleted. Must not know storage. Invariants: each event names all
findings that stand, so that memory can tell what is gone; only new and changed ones are told in full.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contox_hooks.domain.event import Event, key_of
from contox_hooks.domain.phrase import plural
from contox_hooks.git.listing import Head
from contox_hooks.scan.fact import Finding
from contox_hooks.whole import write_whole
from contox_hooks.wire.loose import rows_of, text_of

FORMAT: Final = 1
MAX_EVENT_BYTES: Final = 100_000
"""A server takes 256 KiB (wire/clean.py); smaller ones share a connection better."""
_FRAME_BYTES: Final = 1000


@dataclass(frozen=True, slots=True)
class Told:
    at_utc: int
    standing: Mapping[str, str]
    """Names of findings and digests of what they say."""
    server: str = ""
    """The connection that it went out on (connection.py); empty: only to the memory of this machine."""


def events_of(found: Collection[Finding], wanted: Collection[str], *, at: Head, source: str, now: int) -> list[Event]:
    """At least one; `wanted` are the names of those that are told in full, `now` in seconds since the epoch."""
    standing = [[each.identity, each.digest] for each in found]
    told = [each.to_payload() for each in found if each.identity in wanted]
    room = MAX_EVENT_BYTES - _FRAME_BYTES - _bytes(standing)
    parcels = list(_parcels(told, room)) or [[]]
    events = []
    for number, findings in enumerate(parcels, start=1):
        payload = {
            "format": FORMAT, "summary": f"Scan of {at.sha[:12]}: {plural(len(found), 'finding')}",
            "headCommitSha": at.sha, "headAtUtc": at.at_utc, "part": number, "parts": len(parcels),
            "standing": standing, "findings": findings,
        }  # fmt: skip
        key = key_of("scan_result", source, now, number, json.dumps(payload, sort_keys=True))
        events.append(Event("scan_result", key, source, now, payload))
    return events


def _parcels(rows: Iterable[dict[str, Any]], room: int) -> Iterator[list[dict[str, Any]]]:
    parcel: list[dict[str, Any]] = []
    used = 0
    for row in rows:
        size = _bytes(row) + 1
        if parcel and used + size > room:
            yield parcel
            parcel, used = [], 0
        parcel.append(row)
        used += size
    if parcel:
        yield parcel


def _bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=True))


def told_of(event: Event) -> Told:
    rows = [rows_of(row) for row in rows_of(event.payload.get("standing"))]
    return Told(event.at_utc, {text_of(row[0]): text_of(row[1]) for row in rows if len(row) == 2})


def newer_of(own: Told | None, heard: Told | None) -> Told | None:
    if own is None or heard is None:
        return own or heard
    return own if own.at_utc >= heard.at_utc else heard


def kept_told(path: Path, event: Event, server: str) -> None:
    """Raises OSError."""
    told = told_of(event)
    record = {"format": FORMAT, "at": told.at_utc, "standing": dict(told.standing), "server": server}
    write_whole(path, json.dumps(record))


def last_told(path: Path) -> Told | None:
    """None before the first scan, and where the record cannot be understood: then all is told again."""
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != FORMAT:
            return None
        told = {str(name): str(digest) for name, digest in record["standing"].items()}
        return Told(int(record["at"]), told, str(record.get("server", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
