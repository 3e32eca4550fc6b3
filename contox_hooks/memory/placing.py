"""Which session an event joins: asked for many events, answered from few reads. The decision is domain/session.py's.

Invariant: what it has read it keeps in step with what it adds, so that an event finds the sessions of those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from contox_hooks.domain.session import WINDOW_S, Reuse, SessionSpan, WindowMode, decide_session
from contox_hooks.memory.session import Sessions
from contox_hooks.memory.sql import session as sql
from contox_hooks.memory.store import Row, Said, Store


@dataclass(slots=True)
class _Near:
    """What events from `since` to `until` (seconds since the epoch) may join."""

    since: int
    until: int
    spans: dict[str, SessionSpan]


@dataclass(slots=True)
class _Added:
    """What a session has to be told yet."""

    count: int = 0
    latest_at: int = 0


class Placing:
    """Of one project, within one transaction."""

    def __init__(self, store: Store, project_id: str, window: WindowMode) -> None:
        self._store = store
        self._project_id = project_id
        self._window = window
        self._now = store.now()
        self._near: dict[str, _Near] = {}
        """By source."""
        self._added: dict[str, _Added] = {}

    def place(self, source: str, seen_at: int) -> str:
        """The session of one more event, opened where there is none."""
        at = min(seen_at, self._now)  # a clock that runs ahead must not open a session in the future
        near = self._near.get(source)
        if near is None or not near.since <= at <= near.until:
            near = self._near[source] = self._read(source, at)
        span = self._joined(near, source, at)
        near.spans[span.id] = span if at <= span.last_event_at else replace(span, last_event_at=at)
        added = self._added.setdefault(span.id, _Added())
        added.count += 1
        added.latest_at = max(added.latest_at, at)
        return span.id

    def changes(self) -> list[Said]:
        """What is to be written of the sessions; once."""
        added, self._added = self._added, {}
        slide_s = WINDOW_S if self._window == "sliding" else 0
        return [
            (sql.ADD_EVENTS, {"id": session_id, "count": one.count, "at": one.latest_at, "slide_s": slide_s})
            for session_id, one in added.items()
        ]

    def _joined(self, near: _Near, source: str, at: int) -> SessionSpan:
        decision = decide_session(near.spans.values(), at, mode=self._window)
        if isinstance(decision, Reuse):
            return near.spans[decision.session_id]
        started_at, ended_at = decision.started_at, decision.ended_at
        session_id = Sessions(self._store).open(self._project_id, source, started_at=started_at, ended_at=ended_at)
        return SessionSpan(session_id, started_at, started_at, ended_at, None if ended_at is None else "window")

    def _read(self, source: str, at: int) -> _Near:
        self._store.run_all(self.changes())  # a sliding window may have grown
        since, until = at - WINDOW_S, min(at + WINDOW_S, self._now)
        rows = self._store.rows(
            sql.SPANS_SLIDING if self._window == "sliding" else sql.SPANS_FIXED, project_id=self._project_id,
            source=source, since=since, until=until, now=self._now, window_s=WINDOW_S,
        )  # fmt: skip
        return _Near(since, until, {row["id"]: _span(row) for row in rows})


def _span(row: Row) -> SessionSpan:
    return SessionSpan(row["id"], row["started_at"], row["last_event_at"], row["ended_at"], row["end_reason"])
