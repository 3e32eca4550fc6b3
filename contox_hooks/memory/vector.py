"""A project's vectors as one matrix: exact products in numpy, the best chunk of an item counting.

Rows are float16 of length 1, little-endian in the store. A process that searches again keeps the rows of a few
projects until anything in their store changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from contox_hooks.memory.search_kept import Kept, unchanged
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.store import Row, Store

_STORED = np.dtype("<f2")
_MAX_WIDE_ROWS = 1 << 18
"""Kept as float32, 256 MB of 256 dimensions. More stay float16, and are converted so many at a time for each query."""


class Vectors:
    def __init__(self, ids: Sequence[str], matrix: NDArray[np.float16]) -> None:
        """`ids` names each row's item; an item with several chunks has several rows."""
        self.ids = list(ids)
        self._matrix = matrix
        self._used = len(self.ids)

    @classmethod
    def load(cls, store: Store, project_id: str, model: str) -> Vectors:
        """Of active and review items."""
        return cls(*unpacked(store.rows(sql.VECTORS, project_id=project_id, model=model)))

    def __len__(self) -> int:
        return self._used

    @property
    def matrix(self) -> NDArray[np.float16]:
        return self._matrix[: self._used]

    def append(self, item_id: str, rows: NDArray[np.float16]) -> None:
        """Grows by doubling: a backfill adds thousands of items one run at a time."""
        needed = self._used + len(rows)
        if needed > len(self._matrix):
            grown = np.zeros((max(needed, 2 * len(self._matrix), 64), rows.shape[1]), dtype=_STORED)
            grown[: self._used] = self._matrix[: self._used]
            self._matrix = grown
        self._matrix[self._used : needed] = rows
        self.ids += [item_id] * len(rows)
        self._used = needed


class Shown:
    """The rows of what a search may find, ready for products."""

    def __init__(self, ids: Sequence[str], rows: NDArray[np.float16]) -> None:
        self._ids = ids
        self._rows: NDArray[np.floating] = rows.astype(np.float32) if len(rows) <= _MAX_WIDE_ROWS else rows

    def nearest(self, query: NDArray[np.float32], count: int) -> dict[str, float]:
        """The items of the `count` nearest rows, nearest first, each with its best cosine."""
        if not self._ids:
            return {}
        parts = range(0, len(self._rows), _MAX_WIDE_ROWS)
        cosines = np.concatenate(
            [self._rows[start : start + _MAX_WIDE_ROWS].astype(np.float32, copy=False) @ query for start in parts]
        )
        best = np.argpartition(-cosines, min(count, len(cosines) - 1))[:count]
        found: dict[str, float] = {}
        for row in sorted(best.tolist(), key=lambda row: (-cosines[row], self._ids[row])):
            found.setdefault(self._ids[row], float(cosines[row]))
        return found


def unpacked(rows: Sequence[Row]) -> tuple[list[str], NDArray[np.float16]]:
    """Stored vectors of one model as one matrix, and which item each row is of."""
    if not rows:
        return [], np.zeros((0, 0), dtype=_STORED)
    flat = np.frombuffer(b"".join(row["vector"] for row in rows), dtype=_STORED)
    return [row["item_id"] for row in rows], flat.reshape(len(rows), -1)


_CURRENT: Kept[Shown] = WeakKeyDictionary()


def current(store: Store, project_id: str, model: str) -> Shown:
    """What is stored now, read anew only when the store has changed since."""

    def load() -> Shown:
        loaded = Vectors.load(store, project_id, model)
        return Shown(loaded.ids, loaded.matrix)

    return unchanged(_CURRENT, store, project_id, load, of=model)


def save(store: Store, item_id: str, model: str, rows: Iterable[NDArray[np.float16]]) -> None:
    store.run_many(
        sql.INSERT_VECTOR,
        [
            {"item_id": item_id, "model": model, "chunk_no": number, "vector": row.astype(_STORED).tobytes()}
            for number, row in enumerate(rows)
        ],
    )


def of_item(store: Store, item_id: str, model: str) -> NDArray[np.float16] | None:
    """One row a chunk; None when it is not embedded."""
    rows = store.rows(sql.VECTORS_OF_ITEM, item_id=item_id, model=model)
    if not rows:
        return None
    return np.stack([np.frombuffer(row["vector"], dtype=_STORED) for row in rows])
