"""A page of sessions as lists show them: each with the jobs of its newest run, in as many statements for two hundred.

Invariant: what the two see may differ by what happened in between; a session's jobs are then missing, never another's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from contox_hooks.domain.pipeline import Job
from contox_hooks.domain.session import Lifecycle, SessionStatus
from contox_hooks.memory.job import job_of
from contox_hooks.memory.session import Session, lifecycle, session_of
from contox_hooks.memory.sql import session as sql
from contox_hooks.memory.store import Store


@dataclass(frozen=True, slots=True)
class Listed:
    session: Session
    jobs: tuple[Job, ...]
    """Of its newest run, in the order of the stages."""

    @property
    def lifecycle(self) -> Lifecycle:
        return lifecycle(self.session, self.jobs)


@dataclass(frozen=True, slots=True)
class Listing:
    sessions: list[Listed]
    """Newest first."""
    total: int
    """Of all pages."""


def listing(
    store: Store,
    project_id: str,
    *,
    limit: int,
    offset: int = 0,
    source: str | None = None,
    status: SessionStatus | None = None,
    lifecycle: Lifecycle | None = None,
) -> Listing:
    """Filters as those of `Sessions.page`."""
    now = store.now()
    ask = sql.listing(of_source=source is not None, status=status, lifecycle=lifecycle, after_another=False)
    kept = {"project_id": project_id, "source": source, "now": now}
    page = {**kept, "limit": limit, "offset": offset}
    jobs: defaultdict[str, list[Job]] = defaultdict(list)
    sessions = [session_of(row, now) for row in store.rows(ask.page, **page)]
    for row in store.rows(ask.jobs, **page):
        jobs[row["session_id"]].append(job_of(row))
    return Listing([Listed(each, tuple(jobs[each.id])) for each in sessions], store.count(ask.total, **kept))
