"""Step 3 of the store: every item's words into the new index.

A part of a published step: it must not change, nor use what reads columns of later steps. What the words are is
word.py's; when that changes, a step of its own rebuilds the index again. Invariant: memory holds _AT_ONCE items,
whatever the store holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from contox_hooks.memory.sql import search as sql
from contox_hooks.memory.word import spread

if TYPE_CHECKING:
    from contox_hooks.memory.store import Row, Store

_AT_ONCE = 500


def rebuild(store: Store) -> None:
    """Only inside the step's transaction: an index half filled would hide the rest."""
    after = 0
    while rows := store.rows(sql.TO_REBUILD, after=after, limit=_AT_ONCE):
        index(store, rows)
        after = rows[-1]["number"]


def index(store: Store, rows: Sequence[Row]) -> None:
    """Their words; there must be none of them in the index."""
    store.run_many(
        sql.REBUILD,
        [
            {
                "number": row["number"],
                "title": spread(row["title"]),
                "facts": spread(row["facts"]),
                "rationale": spread(row["rationale"] or ""),
                "files": spread(" ".join(json.loads(row["files"]))),
                "tags": spread(" ".join((*json.loads(row["tags"]), row["schema_key"]))),
                "project": row["project_id"],
            }
            for row in rows
        ],
    )
