"""A project's vectors as one matrix: exact products in numpy, the best chunk of an item counting.

Rows are float16 of length 1, little-endian in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.store import Store

_STORED = np.dtype("<f2")


class Vectors:
    def __init__(self, ids: Sequence[str], matrix: NDArray[np.float16]) -> None:
        """`ids` names each row's item; an item with several chunks has several rows."""
        self.ids = list(ids)
        self._matrix = matrix
        self._used = len(self.ids)

    @classmethod
    def load(cls, store: Store, project_id: str, model: str) -> Vectors:
        """Of active and review items."""
        rows = store.rows(sql.VECTORS, project_id=project_id, model=model)
        if not rows:
            return cls([], np.zeros((0, 0), dtype=_STORED))
        flat = np.frombuffer(b"".join(row["vector"] for row in rows), dtype=_STORED)
        return cls([row["item_id"] for row in rows], flat.reshape(len(rows), -1))

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

    def best(self, query: NDArray[np.float16]) -> dict[str, float]:
        """Each item's highest cosine with the query."""
        cosines = self.matrix.astype(np.float32) @ query.astype(np.float32)
        found: dict[str, float] = {}
        for item_id, cosine in zip(self.ids, cosines.tolist(), strict=True):
            if cosine > found.get(item_id, -2.0):
                found[item_id] = cosine
        return found


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
