"""The last note that somebody saved here, and where HEAD stood then. Reads only.

Invariant: a clock that was ahead costs no later save its turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from contox_hooks.domain.since import Save
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.store import Store

_LOOKED_AT: Final = 100
"""Notes, those that arrived last: those that programs make name no head."""


def last_save(store: Store, project_id: str, waiting: Iterable[Save] = ()) -> Save | None:
    """`waiting`: saves that have yet to arrive."""
    now = store.now()
    coming = sorted(waiting, key=lambda save: (save.at_utc <= now, save.at_utc), reverse=True)
    arrived = [(save, now) for save in coming]
    for row in store.rows(sql.LAST_NOTES, project_id=project_id, limit=_LOOKED_AT):
        save = Save.of(json.loads(row["payload"]), row["at_utc"])
        if save is not None:
            arrived.append((save, row["received_at"]))
    return latest(arrived)


def latest(arrived: Iterable[tuple[Save, int]]) -> Save | None:
    """Of saves with the times of their arrival (seconds since the epoch), the last to arrive first: the one that was
    made last. One that says it was made after something arrived that came behind it had a clock that was ahead."""
    found: Save | None = None
    bound = 0
    for save, received_at in arrived:
        if found is None:
            found, bound = save, received_at
        elif found.at_utc < save.at_utc <= bound:
            found = save
        bound = min(bound, received_at)
    return found
