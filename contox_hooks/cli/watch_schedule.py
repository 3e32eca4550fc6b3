"""When a server is asked for what: the decisions of the watcher's polling, from clock and answers.

Must not know HTTP, threads or sleeping. Invariant: the sessions are asked first and always again; a pipeline only while
it has something left to do; after a failure everything rests, by the server's word or longer each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contox_hooks.wire.session import RemotePipeline, RemoteSession

SESSIONS_S = 30.0
PIPELINE_S = 5.0
"""CONTRACT.md section 8, "Timers and thresholds"."""
QUIET_PIPELINE_S = 30.0
PATIENCE = 6
"""Answers without anything new, after which a pipeline is asked for less often."""
SAFETY_S = 300.0
SAFETY_PIPELINE_S = 30.0
"""Beside a stream that rings: in case it went dead."""
RING_S = 1.0
"""A stream that rings all the time, or a server that wants no wait, is not asked more often."""
SPREAD_S = 0.5
"""A pipeline: many at once together take at most 120 of the 200 requests a minute."""
REST_S = 5.0
REST_CAP_S = 300.0

Ask = str | None
"""The session whose pipeline is asked for; None: the newest sessions."""


@dataclass(slots=True)
class _Slot:
    at: float
    asked_at: float = float("-inf")
    quiet: int = 0
    failures: int = 0


@dataclass(slots=True)
class Schedule:
    """Told what came of each ask; all times on one clock, in seconds."""

    is_streaming: bool = False
    _sessions: _Slot = field(default_factory=lambda: _Slot(float("-inf")))
    _pipelines: dict[str, _Slot] = field(default_factory=dict)
    _marks: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _rests_until: float = float("-inf")
    _failures: int = 0
    _has_looked: bool = False

    @property
    def followed(self) -> frozenset[str]:
        """Sessions whose pipelines are under way, or not asked for yet."""
        return frozenset(self._pipelines)

    @property
    def is_settled(self) -> bool:
        """Whether there was an answer, and no pipeline is under way."""
        return self._has_looked and not self._pipelines

    def due(self, now: float) -> list[Ask]:
        if now < self._rests_until:
            return []
        slots: list[tuple[Ask, _Slot]] = [(None, self._sessions), *self._pipelines.items()]
        return [ask for ask, slot in slots if slot.at <= now]

    def next_at(self) -> float:
        """When something is due next; may be past."""
        return max(self._rests_until, min(slot.at for slot in (self._sessions, *self._pipelines.values())))

    def follow(self, sessions: Iterable[RemoteSession], now: float) -> None:
        """The sessions came: the pipelines of those that look otherwise than before are asked for, at once."""
        for session in sessions:
            mark = (session.raw_status, session.updated_at, session.ended_at, session.events)
            if self._marks.get(session.id) != mark:
                self._marks[session.id] = mark
                self._pipelines.setdefault(session.id, _Slot(now)).quiet = 0
        self.looked(now)

    def looked(self, now: float) -> None:
        """The sessions are as they were."""
        self._answered(self._sessions, now)
        self._sessions.at = now + (SAFETY_S if self.is_streaming else SESSIONS_S)
        self._has_looked = True

    def fold_pipeline(self, session_id: str, pipeline: RemotePipeline | None, now: float) -> None:
        """A pipeline's state came; None: it is as it was. Done, failed or nothing to do: not asked for again."""
        slot = self._pipelines.get(session_id)
        if slot is None:
            return
        self._answered(slot, now)
        slot.quiet = slot.quiet + 1 if pipeline is None else 0
        if pipeline is not None and (pipeline.total == 0 or pipeline.status in ("done", "failed")):
            self.drop(session_id)
            return
        slower = PIPELINE_S * 2.0 ** min(max(0, slot.quiet - PATIENCE), 10)
        pause_s = SAFETY_PIPELINE_S if self.is_streaming else min(slower, QUIET_PIPELINE_S)
        slot.at = now + max(pause_s, SPREAD_S * len(self._pipelines))

    def drop(self, session_id: str) -> None:
        """The pipeline is over, or the session is gone."""
        self._pipelines.pop(session_id, None)

    def rest(self, now: float, *, wait_s: float | None = None) -> None:
        """Nothing can be asked now: the server is out of reach, refuses the key, or wants `wait_s` of silence."""
        if wait_s is None:
            self._failures += 1
            wait_s = _backoff_s(self._failures)
        self._rests_until = max(self._rests_until, now + max(wait_s, RING_S))  # `Retry-After: 0` is no invitation

    def put_off(self, ask: Ask, now: float) -> None:
        """This one answer could not be used; others may be."""
        slot = self._sessions if ask is None else self._pipelines.get(ask)
        if slot is not None:
            slot.failures += 1
            slot.at = now + max(_backoff_s(slot.failures), SESSIONS_S if ask is None else PIPELINE_S)

    def rang(self, now: float) -> None:
        """The stream says: look now."""
        for slot in (self._sessions, *self._pipelines.values()):
            slot.at = min(slot.at, max(now, slot.asked_at + RING_S))

    def stream(self, is_open: bool, now: float) -> None:
        """A stream begins, and may have rung before anyone listened; or it ended: polling goes on."""
        self.is_streaming = is_open
        if is_open:
            self.rang(now)
            return
        self._sessions.at = min(self._sessions.at, now + SESSIONS_S)
        for slot in self._pipelines.values():
            slot.at = min(slot.at, now + PIPELINE_S)

    def _answered(self, slot: _Slot, now: float) -> None:
        slot.asked_at, slot.failures = now, 0
        self._failures = 0


def _backoff_s(failures: int) -> float:
    return float(min(REST_CAP_S, REST_S * 2.0 ** min(failures - 1, 10)))
