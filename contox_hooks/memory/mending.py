"""What a process of an older version wrote into a store that a newer one had migrated under it, made whole.

An upgrade does not end a worker or a review desk that is open: it goes on for a while with the statements it knows,
which leave out what a later schema wants. Must not know who wrote. Invariant: mending a whole store changes nothing.
"""

from __future__ import annotations

from contox_hooks.memory.authored import fill_authored
from contox_hooks.memory.search_rebuild import index
from contox_hooks.memory.sql import mending as sql
from contox_hooks.memory.sql import project as project_sql
from contox_hooks.memory.sql import search as search_sql
from contox_hooks.memory.store import Store

SUSPECT_S = 7 * 86_400
"""So long after a migration an older process may still be open. A choice, not a measurement."""
_AT_ONCE = 500


def mend(store: Store) -> int:
    """How many items are found by their words again. Looks only within SUSPECT_S of the latest migration."""
    if store.now() - store.count(sql.MIGRATED_AT) > SUSPECT_S:
        return 0
    mended = 0
    while rows := store.rows(sql.UNPLACED, limit=_AT_ONCE):
        with store.transaction():
            numbers = [{"number": row["number"]} for row in rows]
            store.run_many(search_sql.DELETE, numbers)
            index(store, rows)
            store.run_many(sql.TOUCH, numbers)
        mended += len(rows)
    projects = [{"project_id": row["id"]} for row in store.rows(project_sql.ALL)]
    if any(store.count(sql.COMMIT_COUNT, **each) > store.count(sql.AUTHORED_COUNT, **each) for each in projects):
        with store.transaction():
            fill_authored(store)
    return mended
