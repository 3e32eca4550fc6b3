"""What was going on: commits and items by day, and the sessions of several projects in one list.

Must not know who may see which project: the ids are handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from contox_hooks.domain.session import Lifecycle
from contox_hooks.memory.listing import Listing, listing
from contox_hooks.memory.sql import activity as sql
from contox_hooks.memory.store import Store

DAY_S: Final = 86_400


class Day(NamedTuple):
    began_at: int
    """Midnight UTC, seconds since the epoch."""
    commits: int
    """That still stand."""
    items: int
    """That still hold, or wait for a person, by the day of what they tell."""


def days_of(store: Store, project_ids: Sequence[str], *, days: int) -> list[Day]:
    """The latest so many days, today the last, oldest first; none is left out."""
    first = store.now() // DAY_S - days + 1
    commits: Counter[int] = Counter()
    items: Counter[int] = Counter()
    for project_id in project_ids:
        bounds = {"project_id": project_id, "since": first * DAY_S, "until": (first + days) * DAY_S}
        commits.update({row["day"]: row["number"] for row in store.rows(sql.COMMITS, **bounds)})
        items.update({row["day"]: row["number"] for row in store.rows(sql.ITEMS, **bounds)})
    return [Day(day * DAY_S, commits[day], items[day]) for day in range(first, first + days)]


def sessions_of(
    store: Store,
    project_ids: Sequence[str],
    *,
    limit: int,
    offset: int = 0,
    source: str | None = None,
    lifecycle: Lifecycle | None = None,
) -> Listing:
    """Of all these projects, newest first; filters as those of `listing`."""
    if len(project_ids) == 1:
        return listing(store, project_ids[0], limit=limit, offset=offset, source=source, lifecycle=lifecycle)
    several = [
        listing(store, project_id, limit=offset + limit, source=source, lifecycle=lifecycle)
        for project_id in project_ids
    ]
    found = [listed for one in several for listed in one.sessions]
    found.sort(key=lambda listed: (listed.session.started_at, listed.session.id), reverse=True)
    return Listing(found[offset : offset + limit], sum(one.total for one in several))


def sources_of(store: Store, project_ids: Sequence[str]) -> list[str]:
    """Of any session of these projects, in the order of the alphabet."""
    return sorted({row["source"] for one in project_ids for row in store.rows(sql.SOURCES, project_id=one)})
