"""The step of the store that notes each captured commit's author time. A part of a step: it must not change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from contox_hooks.memory.sql import lineage as sql

if TYPE_CHECKING:
    from contox_hooks.memory.store import Store

_AT_ONCE = 500


def fill_authored(store: Store) -> None:
    after = ""
    while rows := store.rows(sql.TO_FILL, after=after, limit=_AT_ONCE):
        store.run_many(sql.INSERT_AUTHORED, [
            {"project_id": row["project_id"], "sha": row["key"].partition(":")[2],
             "authored_at": json.loads(row["payload"])["author"]["at_utc"]}
            for row in rows
        ])  # fmt: skip
        after = rows[-1]["id"]
