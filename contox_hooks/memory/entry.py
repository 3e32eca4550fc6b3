"""Entries of a context: a journal that only grows, and what is made of it when it gets long.

Invariants: the same idempotency key gives the first entry again; no entry is lost by compaction, which writes into the
context's content what no compaction before it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from contox_hooks.domain.error import Refused
from contox_hooks.memory.context import MAX_CONTENT, Contexts, kept, maybe_kept
from contox_hooks.memory.sql import context as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.wire.cut import cut_text

MAX_TITLE: Final = 200
"""Characters: what the MCP server's tool says of itself."""
MAX_ENTRY: Final = 100_000
MAX_TAGS: Final = 20
COMPACTED_AT_ONCE: Final = 500
"""Entries: lines of some 400 characters, a fifth of what a content holds."""
LINE: Final = 240
"""Characters of an entry that its line keeps."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Times in seconds since the epoch."""

    id: str
    context_id: str
    title: str
    content: str
    entry_type: str | None
    tags: tuple[str, ...]
    source: str | None
    source_ref: str | None
    compacted_at: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Compacted:
    entries: int
    characters: int
    """That were added to the content."""
    waiting: int
    """Entries that are left for the next time."""


class Entries:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self, context_id: str, *, limit: int, after: str | None = None, entry_type: str | None = None
    ) -> list[Entry]:
        """Newest first; `after` is the id of the last entry of the page before."""
        rows = self._store.rows(
            sql.ENTRIES, context_id=context_id, limit=limit, after=after, entry_type=maybe_kept(entry_type)
        )
        return [_entry(row) for row in rows]

    def count(self, context_id: str, *, entry_type: str | None = None) -> int:
        return self._store.count(sql.ENTRY_COUNT, context_id=context_id, entry_type=maybe_kept(entry_type))

    def loose(self, context_id: str, *, limit: int) -> list[Entry]:
        """What no compaction took in, newest first."""
        return [_entry(row) for row in self._store.rows(sql.LOOSE_NEWEST, context_id=context_id, limit=limit)]

    def add(
        self,
        context_id: str,
        title: str,
        content: str,
        *,
        entry_type: str | None = None,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
        source: str | None = None,
        source_ref: str | None = None,
    ) -> tuple[Entry, bool]:
        """The entry, and whether it is new."""
        key, title, content = maybe_kept(idempotency_key), kept(title), kept(content)
        with self._store.transaction():
            if key is not None:
                known = self._store.row(sql.ENTRY_OF_KEY, context_id=context_id, idempotency_key=key)
                if known is not None:
                    return _entry(known), False
            entry_id = self._store.new_id()
            self._store.run(
                sql.INSERT_ENTRY, id=entry_id, context_id=context_id, title=title, content=content,
                entry_type=maybe_kept(entry_type), tags=json.dumps([kept(tag) for tag in tags]),
                source=maybe_kept(source), source_ref=maybe_kept(source_ref), idempotency_key=key,
                now=self._store.now(),
            )  # fmt: skip
            self._store.run(sql.TOUCH, id=context_id, now=self._store.now())
            row = self._store.row(sql.ENTRY, id=entry_id)
            assert row is not None
            return _entry(row), True

    def compact(self, context_id: str) -> Compacted:
        """A line an entry goes to the end of the context's content, the oldest first; the entries stay, and say so.
        Raises NotFound, Refused when the content is full."""
        contexts = Contexts(self._store)
        with self._store.transaction():
            context = contexts.get(context_id)
            loose = self._store.count(sql.LOOSE_COUNT, context_id=context_id)
            rows = self._store.rows(sql.LOOSE_OLDEST, context_id=context_id, limit=COMPACTED_AT_ONCE)
            if not rows:
                return Compacted(0, 0, 0)
            before = (context.content or "").rstrip()
            section = _section([_entry(row) for row in rows])
            content = f"{before}\n\n{section}" if before else section
            if len(content) > MAX_CONTENT:
                raise Refused(f"the context's content has no room: {MAX_CONTENT:,} characters are the most")
            contexts.change(context_id, {"content": content})
            for row in rows:
                self._store.run(sql.COMPACT_ENTRY, id=row["id"], now=self._store.now())
            return Compacted(len(rows), len(section), loose - len(rows))


def _section(entries: Sequence[Entry]) -> str:
    first, last = _day(entries[0].created_at), _day(entries[-1].created_at)
    days = first if first == last else f"{first} to {last}"
    return "\n".join([f"## Entries of {days}", "", *map(entry_line, entries)]) + "\n"


def entry_line(entry: Entry) -> str:
    """One line of Markdown."""
    about = ", ".join(filter(None, (entry.entry_type, *entry.tags)))
    text = cut_text(" ".join(entry.content.split()), LINE)[0]
    title = " ".join(entry.title.split())
    return f"- {_day(entry.created_at)} **{title}**{f' ({about})' if about else ''}{f': {text}' if text else ''}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _entry(row: Row) -> Entry:
    return Entry(
        row["id"], row["context_id"], row["title"], row["content"], row["entry_type"], tuple(json.loads(row["tags"])),
        row["source"], row["source_ref"], row["compacted_at"], row["created_at"],
    )  # fmt: skip
