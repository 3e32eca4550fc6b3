"""Sessions as people see them: listed, looked up, ended. Which event joins which one is ingest.py's work.

Invariant: a session whose window has run out reads as closed at the end of its window, whether or not anything has
written that yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contox_hooks.backend.protocol import EndedSession
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import Event
from contox_hooks.domain.pipeline import Job, fold_pipeline
from contox_hooks.domain.session import WINDOW_S, EndReason, Lifecycle, SessionStatus
from contox_hooks.memory.prefix import only_match, prefix_range
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import session as sql
from contox_hooks.memory.store import Row, Store

NEVER_CUT = 2**62
"""A LIMIT for all rows."""


@dataclass(frozen=True, slots=True)
class Session:
    """Times in seconds since the epoch."""

    id: str
    project_id: str
    source: str
    started_at: int
    last_event_at: int
    ended_at: int | None
    end_reason: EndReason | None
    status: SessionStatus
    event_count: int
    files: tuple[str, ...]
    """At most 500 (domain/digest.py)."""
    files_cut: bool
    """There were more."""
    head_sha: str | None
    summary: str | None
    items_extracted: int
    window_ends_at: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    id: str
    session_id: str
    event: Event
    received_at: int
    superseded_by: str | None
    """The commit that replaced this one, "" when it was dropped, None while it stands."""
    processed_run: str | None


def lifecycle(session: Session, jobs: Sequence[Job]) -> Lifecycle:
    """What people read of a session and the jobs of its newest run (CONTRACT.md 0.4). What the pipeline does, or
    failed to do, comes before whether the session is still open."""
    if jobs:
        state = fold_pipeline(jobs).status
        if state == "failed":
            return "failed"
        if state != "done":
            return "enriching"
    if session.status == "active":
        return "active"
    return "enriched" if jobs else "completed"


def ending(session: Session) -> str | None:
    """What ended it, for people; None while it goes on."""
    if session.end_reason == "window" and session.ended_at is not None and session.ended_at < session.window_ends_at:
        return "a newer session began"  # domain/session.py, Open
    return None if session.end_reason is None else _ENDINGS[session.end_reason]


_ENDINGS: Final[Mapping[EndReason, str]] = {
    "window": "its window was over", "ended": "end-session", "external": "closed from elsewhere",
}  # fmt: skip


class Sessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        project_id: str,
        *,
        limit: int = 20,
        source: str | None = None,
        status: SessionStatus | None = None,
        lifecycle: Lifecycle | None = None,
        before: Session | None = None,
        offset: int = 0,
    ) -> list[Session]:
        """Newest first; `before` is the last session of the page before. `completed` holds enriched ones, too."""
        now = self._store.now()
        statements = sql.listing(
            of_source=source is not None, status=status, lifecycle=lifecycle, after_another=before is not None
        )
        rows = self._store.rows(
            statements.page, project_id=project_id, source=source, limit=limit, offset=offset, now=now,
            before_at=before and before.started_at, before_id=before and before.id,
        )  # fmt: skip
        return [session_of(row, now) for row in rows]

    def get(self, session_id: str) -> Session:
        """Raises NotFound."""
        row = self._store.row(sql.BY_ID, id=session_id)
        if row is None:
            raise no_session(session_id)
        return session_of(row, self._store.now())

    def find(self, project_id: str, prefix: str) -> Session:
        """The session whose id begins so. Raises NotFound, saying when there are several."""
        low, high = prefix_range(prefix)
        rows = self._store.rows(sql.BY_PREFIX, project_id=project_id, low=low, high=high)
        return session_of(only_match(rows, prefix, noun="session", listing="contox-hooks sessions"), self._store.now())

    def active(self, project_id: str, source: str) -> Session | None:
        now = self._store.now()
        row = self._store.row(sql.ACTIVE, project_id=project_id, source=source, now=now)
        return None if row is None else session_of(row, now)

    def events(self, session_id: str, *, limit: int = NEVER_CUT, offset: int = 0) -> list[StoredEvent]:
        """In the order they happened."""
        rows = self._store.rows(event_sql.OF_SESSION, session_id=session_id, limit=limit, offset=offset)
        return [stored_event(row) for row in rows]

    def event(self, session_id: str, event_id: str) -> StoredEvent:
        """Raises NotFound."""
        row = self._store.row(event_sql.ONE_OF_SESSION, session_id=session_id, id=event_id)
        if row is None:
            raise NotFound(f"there is no event {event_id} in session {session_id}", hint="contox-hooks events")
        return stored_event(row)

    def end(
        self, project_id: str, source: str, *, at_utc: int, reason: EndReason = "ended", open_new: bool = False
    ) -> EndedSession | None:
        """Close the active session at `at_utc` and, if asked, open the next one; None when nothing is active."""
        with self._store.transaction():
            active = self.active(project_id, source)
            if active is None:
                return None
            at = max(min(at_utc, self._store.now()), active.started_at)
            self._store.run(sql.CLOSE, id=active.id, at=at, reason=reason)
            new_id = self.open(project_id, source, started_at=at) if open_new else None
            return EndedSession(active.id, new_id, active.event_count)

    def close(self, session_id: str, *, reason: EndReason = "external") -> bool:
        """Close one session now; False when it was closed already. Raises NotFound."""
        with self._store.transaction():
            if self.get(session_id).status != "active":
                return False
            return self._store.run(sql.CLOSE, id=session_id, at=self._store.now(), reason=reason) == 1

    def ensure(self, project_id: str, source: str) -> tuple[str, bool]:
        """The active session of this source, one that is opened now where there is none; its id, and whether it is."""
        with self._store.transaction():
            active = self.active(project_id, source)
            if active is not None:
                return active.id, False
            self.close_elapsed(project_id)
            return self.open(project_id, source, started_at=self._store.now()), True

    def open(self, project_id: str, source: str, *, started_at: int, ended_at: int | None = None) -> str:
        """A new session; one with `ended_at` is over already (domain/session.py, Open). Its id."""
        session_id = self._store.new_id()
        self._store.run(
            sql.INSERT, id=session_id, project_id=project_id, source=source, started_at=started_at,
            window_ends_at=started_at + WINDOW_S, ended_at=ended_at,
            end_reason=None if ended_at is None else "window", status="active" if ended_at is None else "closed",
        )  # fmt: skip
        return session_id

    def close_elapsed(self, project_id: str) -> int:
        """Write down what `page` and `get` say of sessions whose window has run out; how many."""
        return self._store.run(sql.CLOSE_ELAPSED, project_id=project_id, now=self._store.now())

    def last_event_at(self, project_id: str, *, source: str | None = None) -> int | None:
        """Seconds since the epoch; None before the first event."""
        statement = sql.LATEST_EVENT if source is None else sql.LATEST_EVENT_OF_SOURCE
        found = self._store.row(statement, project_id=project_id, source=source)
        return None if found is None else found[0]


def no_session(session_id: str) -> NotFound:
    return NotFound(f"there is no session {session_id}", hint="contox-hooks sessions")


def stored_event(row: Row) -> StoredEvent:
    payload: dict[str, Any] = json.loads(row["payload"])
    event = Event(row["type"], row["key"], row["source"], row["at_utc"], payload)
    return StoredEvent(
        row["id"], row["session_id"], event, row["received_at"], row["superseded_by"], row["processed_run"]
    )


def session_of(row: Row, now: int) -> Session:
    session = Session(
        id=row["id"],
        project_id=row["project_id"],
        source=row["source"],
        started_at=row["started_at"],
        last_event_at=row["last_event_at"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
        status=row["status"],
        event_count=row["event_count"],
        files=tuple(json.loads(row["files"])),
        files_cut=bool(row["files_cut"]),
        head_sha=row["head_sha"],
        summary=row["summary"],
        items_extracted=row["items_extracted"],
        window_ends_at=row["window_ends_at"],
    )
    if session.status == "active" and session.window_ends_at <= now:
        return replace(session, status="closed", ended_at=session.window_ends_at, end_reason="window")
    return session
