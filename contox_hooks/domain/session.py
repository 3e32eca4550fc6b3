"""Which session an event belongs to: a pure decision over intervals.

Rules of CONTRACT.md section 0, decision 5: per project and source; a session that *started* less than the window
before the event *happened* is reused; `sliding` measures from its last event instead. Sessions end by window, by
`end-session`, or from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WINDOW_S = 4 * 60 * 60
"""CONTRACT.md section 4: reuse if it started less than 4 hours ago."""

SessionStatus = Literal["active", "closed", "compacted"]
EndReason = Literal["window", "ended", "external"]
WindowMode = Literal["fixed", "sliding"]
Lifecycle = Literal["active", "completed", "enriching", "enriched", "failed"]


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """A session of one project and source, as far as the decision needs it. Times in seconds since the epoch."""

    id: str
    started_at: int
    last_event_at: int
    ended_at: int | None = None
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class Reuse:
    session_id: str


@dataclass(frozen=True, slots=True)
class Open:
    started_at: int
    ended_at: int | None
    """Set when the new session is already over: a later one of the same source exists."""


def window_end(span: SessionSpan, *, window_s: int = WINDOW_S, mode: WindowMode = "fixed") -> int:
    """The first second that no longer belongs to the session by its window alone."""
    return (span.last_event_at if mode == "sliding" else span.started_at) + window_s


def decide_session(
    spans: Iterable[SessionSpan], at_utc: int, *, window_s: int = WINDOW_S, mode: WindowMode = "fixed"
) -> Reuse | Open:
    """Reuse or open, for an event that happened at `at_utc`.

    A session takes the event when it started at or before it, its window holds it, and nobody had ended it by then;
    so an event that is delivered late lands where it happened, also in a session that its window has closed since.
    Of several, the one that started last wins.
    """
    latest: SessionSpan | None = None
    following: int | None = None
    for span in spans:
        if span.started_at > at_utc:
            following = span.started_at if following is None else min(following, span.started_at)
            continue
        ended_by_hand = span.end_reason in ("ended", "external") and span.ended_at is not None
        over = at_utc >= window_end(span, window_s=window_s, mode=mode) or (
            ended_by_hand and span.ended_at is not None and at_utc >= span.ended_at
        )
        if not over and (latest is None or span.started_at > latest.started_at):
            latest = span
    if latest is not None:
        return Reuse(latest.id)
    return Open(at_utc, None if following is None else min(at_utc + window_s, following))
