"""A project in few numbers that change when something in it does: for whoever looks on without reading it all.

Must not know who looks. Invariant: what costs grows with what is under way, not with what was ever done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from contox_hooks.memory.job import Jobs
from contox_hooks.memory.sql import pulse as sql
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Store

_MOST_ACTIVE = 20
"""One session a source; more are not named."""


def mark(store: Store) -> Hashable:
    """Equal to an earlier one of the same store only while no other connection changed anything."""
    row = store.row(sql.MARK)
    return None if row is None else row[0]


def sessions_pulse(store: Store, project_id: str) -> dict[str, Any]:
    """`total`, `events`, and the ids of those that are `active`."""
    totals = store.row(session_sql.TOTALS, project_id=project_id)
    active = store.rows(sql.ACTIVE, project_id=project_id, now=store.now(), limit=_MOST_ACTIVE)
    return {
        "total": totals["sessions"] if totals else 0,
        "events": int(totals["events"] or 0) if totals else 0,
        "active": sorted(row["id"] for row in active),
    }


def pipeline_pulse(store: Store, project_id: str) -> dict[str, Any]:
    """`open` and `failed` runs, the `oldest` open and the `newest` run's id, and `stages`: of the open ones, jobs by
    stage and status."""
    stages: dict[str, dict[str, int]] = {}
    for row in store.rows(sql.STAGES, project_id=project_id):
        stages.setdefault(row["stage"], {})[row["status"]] = row["jobs"]
    runs = store.row(sql.OPEN_RUNS, project_id=project_id)
    newest = Jobs(store).latest_run_of_project(project_id)
    return {
        "open": runs["runs"] if runs else 0,
        "failed": store.count(sql.FAILED, project_id=project_id),
        "oldest": runs["oldest"] if runs else None,
        "newest": newest and newest.id,
        "stages": stages,
    }


def items_pulse(store: Store, project_id: str) -> dict[str, Any]:
    """When items changed last, `at` in seconds since the epoch, and how many then, by status."""
    at = store.count(sql.LAST_CHANGE, project_id=project_id)
    changed = Counter(row["status"] for row in store.rows(sql.CHANGED_AT, project_id=project_id, at=at))
    return {"at": at or None, "changed": dict(sorted(changed.items()))}
