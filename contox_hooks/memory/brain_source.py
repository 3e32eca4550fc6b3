"""A stored memory as the brain reads it: counts from indexes, and the heads of those items that it tells of.

Its answers are those of several statements: what changes in between may be told half, and with the next change of the
memory's stamp it is told anew (kept.py).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contox_hooks.memory.among import rows_among
from contox_hooks.memory.brain_layer import Head, Kind
from contox_hooks.memory.sql import brain as sql
from contox_hooks.memory.store import Row, Store

_AT_ONCE = 100
"""A budget of 6,000 tokens tells some 150 items of two or three kinds."""

_AFTER_SLASH = "0"
"""The character after it: a folder is a range of paths."""


class StoredHead(NamedTuple):
    id: str
    type: str
    title: str
    schema_key: str
    confidence: float
    importance: int
    dedup_hint: str | None
    files_json: str
    at_utc: int

    @property
    def files(self) -> list[str]:
        found: list[str] = json.loads(self.files_json)
        return found


class StoredItems:
    """The Source of a stored project (brain_outline.py)."""

    def __init__(self, store: Store, project_id: str, min_confidence: float) -> None:
        self.min_confidence = min_confidence
        self._store = store
        self._of = {"project_id": project_id, "least": min_confidence}

    def newest_at(self) -> int:
        return self._store.count(sql.NEWEST_AT, **self._of)

    def kinds(self, recent_from: int) -> Mapping[Kind, int]:
        rows = self._store.rows(sql.KINDS, recent_from=recent_from, **self._of)
        return {
            Kind(row["type"], row["importance"], is_recent): count
            for row in rows
            for is_recent, count in ((True, row["recent"]), (False, row["items"] - row["recent"]))
            if count
        }

    def keys(self) -> Mapping[str, int]:
        return {row["schema_key"]: row["items"] for row in self._store.rows(sql.KEYS, **self._of)}

    def together(self, active_files: Iterable[str]) -> Collection[Head]:
        hints = (row["dedup_hint"] for row in self._store.rows(sql.SHARED_HINTS, **self._of))
        sharing = _heads(rows_among(self._store, sql.OF_HINTS, hints, **self._of))
        found = {item.id: item for item in sharing}
        for path in active_files:
            folder = path.rstrip("/")
            near = self._heads(sql.IN_FILE, low=folder, high=f"{folder}{_AFTER_SLASH}")
            found.update((item.id, item) for item in near)
        return found.values()

    def of_kind(self, kind: Kind, recent_from: int) -> Iterator[Head]:
        low, high = (recent_from, sql.LATEST) if kind.is_recent else (sql.EARLIEST, recent_from - 1)
        after = ""
        while True:
            found = self._heads(
                sql.OF_KIND, type=kind.type, importance=kind.importance, low=low, high=high, after=after, limit=_AT_ONCE
            )
            yield from found
            if len(found) < _AT_ONCE:
                return
            high, after = found[-1].at_utc, found[-1].id

    def best_of_key(self, key: str, most: int) -> Sequence[Head]:
        return self._heads(sql.BEST_OF_KEY, key=key, low=f"{key}/", high=f"{key}{_AFTER_SLASH}", limit=most)

    def _heads(self, statement: str, **values: Any) -> list[StoredHead]:
        return _heads(self._store.rows(statement, **values, **self._of))


def _heads(rows: Iterable[Row]) -> list[StoredHead]:
    return [StoredHead._make(row) for row in rows]
