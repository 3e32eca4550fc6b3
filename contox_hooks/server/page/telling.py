"""An event's payload as a page tells it, whatever a client put into it. Pure. Nothing is left out without saying so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.happening import what_happened
from contox_hooks.memory.session import StoredEvent
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.commit import digest_of_payload
from contox_hooks.wire.loose import objects_of, rows_of, text_of

MOST: Final = 200_000
"""Characters of one payload on a page; one that came by HTTP is at most 256 KiB of JSON (wire/clean.py)."""
PREVIEW: Final = 160
FILES_PREVIEWED: Final = 3


@dataclass(frozen=True, slots=True)
class Change:
    """Of a note that somebody saved."""

    category: str
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Told:
    stored: StoredEvent
    what: str
    """One line."""
    preview: str
    """What more there is, one line, may be empty."""

    @property
    def has_more(self) -> bool:
        return self.stored.event.type in ("commit", "mcp_save") or bool(self.stored.event.payload)


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it: one of the three says something."""

    digest: CommitDigest | None
    """Without e-mail addresses, as the API sends none either."""
    changes: tuple[Change, ...]
    text: str
    """JSON, for what we have no form of our own."""


def told_of(stored: StoredEvent) -> Told:
    return Told(stored, what_happened(stored.event), _cut(" ".join(_preview(stored).split()), PREVIEW))


def whole_of(stored: StoredEvent) -> Whole:
    payload = stored.event.payload
    if stored.event.type == "commit":
        digest = digest_of_payload(payload, sha=stored.event.key.partition(":")[2])
        return Whole(digest_without_addresses(digest), (), "")
    if stored.event.type == "mcp_save":
        rows = objects_of(payload.get("changes"))
        texts = [[text_of(row.get(name)) for name in ("category", "title", "content")] for row in rows]
        return Whole(None, tuple(Change(*row) for row in texts), "")
    return Whole(None, (), _cut(_json(payload), MOST))


def _preview(stored: StoredEvent) -> str:
    payload = stored.event.payload
    if stored.event.type == "commit":
        paths = [text_of(row.get("path")) for row in objects_of(payload.get("files"))]
        more = f" and {len(paths) - FILES_PREVIEWED:,} more" if len(paths) > FILES_PREVIEWED else ""
        return ", ".join(paths[:FILES_PREVIEWED]) + more
    if stored.event.type == "mcp_save":
        return ", ".join(text_of(row.get("title")) for row in objects_of(payload.get("changes")))
    if stored.event.type == "vscode_capture":
        return ", ".join(text_of(path) for path in rows_of(payload.get("filesModified")))
    return "" if stored.event.type in ("checkout", "landed", "rewrite") else _json(payload)


def _json(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, indent=2) if payload else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} [… {len(text) - most:,} characters more]"
