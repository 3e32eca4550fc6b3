"""Which items' vectors are nearest to a query: all of a project's compared in this process, or, where there are many
and the database has an index of them, the few that it names.

Invariant: cosines are computed here in either case, so that a hit says the same; what the index cannot answer in full
(few of a project's among many others', another width) is compared as if there was none.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from contox_hooks.domain.error import StoreError
from contox_hooks.memory.search_kept import Kept, unchanged
from contox_hooks.memory.sql import neighbour as sql
from contox_hooks.memory.store import Store
from contox_hooks.memory.vector import Shown, current, unpacked

FEW: Final = 5_000
"""Items whose vectors are read into this process after each change of their project, some 50 ms."""
_LARGE: Kept[bool] = WeakKeyDictionary()


def nearest(store: Store, project_id: str, model: str, query: NDArray[np.float32], count: int) -> dict[str, float]:
    """The items of the `count` nearest chunks, nearest first, each with its best cosine."""
    if len(query) == sql.DIMENSIONS and store.own(sql.MADE) and _is_large(store, project_id) and _is_indexed(store):
        asked = query.astype("<f2").tobytes()
        rows = store.rows(sql.NEAR, asked=asked, project_id=project_id, model=model, wanted=count)
        if len(rows) == count:
            return Shown(*unpacked(rows)).nearest(query, count)
    return current(store, project_id, model).nearest(query, count)


def make_index(store: Store) -> bool:
    """Make what is missing of PostgreSQL's index, the extension too where we may; others go on meanwhile. False where
    it cannot be had or another process is at it. 100,000 vectors take a minute or two; `store` is good for nothing
    else afterwards.

    Raises StoreError when the extension is not there and cannot be made, or is too old.
    """
    if not store.own(sql.MADE):
        return False
    with store.alone("vector_near") as is_ours:
        if not is_ours:
            return False
        with store.transaction():
            store.run(sql.EXTEND)
            found = store.row(sql.PLACE)
            if found is None:
                raise StoreError(f"pgvector in {store.where} is older than 0.8", hint="ALTER EXTENSION vector UPDATE")
            place = found["place"]
            store.rows(sql.load(place))
            for function in (sql.half_of, sql.near_to):
                store.run(function(place))
        if not _is_indexed(store):
            store.rows(sql.PATIENT)
            store.run(sql.DROP)
            store.run(sql.index(place))
    return True


def _is_indexed(store: Store) -> bool:
    """Asked each time: a worker may have made it just now, or somebody dropped the extension."""
    return store.row(sql.MADE) is not None


def _is_large(store: Store, project_id: str) -> bool:
    def count() -> bool:
        return store.row(sql.MORE_THAN, project_id=project_id, few=FEW) is not None

    return unchanged(_LARGE, store, project_id, count)
