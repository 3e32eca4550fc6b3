"""The last note that somebody saved here, and where HEAD stood then. Reads only."""

from __future__ import annotations

import json
from typing import Final

from contox_hooks.domain.since import Save
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.store import Store

_LOOKED_AT: Final = 100
"""Notes, newest first: those that programs make name no head."""


def last_save(store: Store, project_id: str) -> Save | None:
    rows = store.rows(sql.NEWEST_NOTES, project_id=project_id, limit=_LOOKED_AT)
    saves = (Save.of(json.loads(row["payload"]), row["at_utc"]) for row in rows)
    return next((save for save in saves if save is not None), None)
