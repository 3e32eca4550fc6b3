"""When a server is asked for what: the decisions of the watcher's polling, from clock and answers.

Must not know HTTP, threads or sleeping. Invariant: the sessions are asked first and always again, and with them each
pipeline of theirs, for one may begin at any time; more often only while it runs. After a failure everything rests, by
the server's word or longer each time.
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
"""What rings, or wants no wait, leads to one ask in so long, all in all; and as often to the same ask."""
BURST_S = 20.0
"""A bell that was silent for so long is answered at once."""
SPREAD_S = 0.5
"""A pipeline: many at once together take at most 120 of the 200 requests a minute."""
REST_S = 5.0
REST_CAP_S = 300.0
LONG_WAIT_S = 60.0
"""Shorter, the silence that the server asks for, or asks for again and again, is no trouble."""

_NEVER = float("inf")

Ask = str | None
"""The session whose pipeline is asked for; None: the newest sessions."""


@dataclass(slots=True)
class _Slot:
    at: float
    """_NEVER: with the next look at the sessions."""
    asked_at: float = -_NEVER
    is_running: bool = False
    is_fresh: bool = False
    """The session changed since the first look: its pipeline may be queued a moment later."""
    quiet: int = 0
    failures: int = 0


@dataclass(slots=True)
class Schedule:
    """Told what came of each ask; all times on one clock, in seconds."""

    is_streaming: bool = False
    _sessions: _Slot = field(default_factory=lambda: _Slot(-_NEVER))
    _pipelines: dict[str, _Slot] = field(default_factory=dict)
    _marks: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _rests_until: float = -_NEVER
    _waits_since: float = _NEVER
    """Since when the server does nothing but ask for silence."""
    _failures: int = 0
    _paid_until: float = -_NEVER
    """Each ask costs RING_S of the time in which bells are answered."""
    _has_looked: bool = False
    _has_rung: bool = False
    """And the sessions have not been asked since."""

    @property
    def followed(self) -> frozenset[str]:
        """Sessions whose pipelines are asked for."""
        return frozenset(self._pipelines)

    @property
    def is_settled(self) -> bool:
        """Whether there was an answer, and no pipeline is under way as far as the server tells."""
        is_idle = all(slot.at == _NEVER or slot.failures for slot in self._pipelines.values())
        return self._has_looked and not self._has_rung and is_idle

    def due(self, now: float) -> list[Ask]:
        if now < self._rests_until:
            return []
        slots: list[tuple[Ask, _Slot]] = [(None, self._sessions), *self._pipelines.items()]
        return [ask for ask, slot in slots if slot.at <= now]

    def next_at(self) -> float:
        """When something is due next; may be past."""
        return max(self._rests_until, min(slot.at for slot in (self._sessions, *self._pipelines.values())))

    def follow(self, sessions: Iterable[RemoteSession], now: float) -> None:
        """The sessions came: theirs are the pipelines that may begin. One under way is followed to its end."""
        found = {session.id: session for session in sessions}
        for known in self._marks.keys() - found.keys():
            if known not in self._pipelines or self._pipelines[known].at == _NEVER:
                self.drop(known)
                del self._marks[known]
        for session in found.values():
            mark = (session.raw_status, session.updated_at, session.ended_at, session.events)
            if self._marks.get(session.id) != mark:
                self._marks[session.id] = mark
                slot = self._pipelines.setdefault(session.id, _Slot(now))
                slot.quiet, slot.is_fresh = 0, self._has_looked
        self.looked(now)

    def looked(self, now: float) -> None:
        """The sessions are as they were; their pipelines need not be."""
        self._answered(self._sessions, now)
        self._sessions.at = now + (SAFETY_S if self.is_streaming else SESSIONS_S)
        self._has_looked, self._has_rung = True, False
        for slot in self._pipelines.values():
            slot.at = now if slot.at == _NEVER else slot.at

    def fold_pipeline(self, session_id: str, pipeline: RemotePipeline | None, now: float) -> None:
        """A pipeline's state came; None: it is as it was. Done, failed or nothing to do: asked again with the
        sessions, and once before where the session is fresh."""
        slot = self._pipelines.get(session_id)
        if slot is None:
            return
        self._answered(slot, now)
        slot.quiet = slot.quiet + 1 if pipeline is None else 0
        if pipeline is not None:
            slot.is_running = pipeline.total > 0 and pipeline.status not in ("done", "failed")
        if slot.is_running:
            slower = PIPELINE_S * 2.0 ** min(max(0, slot.quiet - PATIENCE), 10)
            pause_s = SAFETY_PIPELINE_S if self.is_streaming else min(slower, QUIET_PIPELINE_S)
            slot.at = now + max(pause_s, SPREAD_S * sum(other.is_running for other in self._pipelines.values()))
        else:
            slot.at = now + PIPELINE_S if slot.is_fresh else _NEVER
        slot.is_fresh = False

    def drop(self, session_id: str) -> None:
        """The session is gone: not asked for again unless it looks otherwise."""
        self._pipelines.pop(session_id, None)

    def rest(self, now: float, *, wait_s: float | None = None) -> bool:
        """Nothing can be asked now: the server is out of reach, refuses the key, or wants `wait_s` of silence. Whether
        that is trouble: waiting one's turn is none, as long as it comes."""
        if wait_s is not None:
            self._waits_since = min(self._waits_since, now)
        is_trouble = wait_s is None or now + wait_s - self._waits_since >= LONG_WAIT_S
        if is_trouble:
            self._failures += 1
            wait_s = max(wait_s or 0.0, _backoff_s(self._failures))
        self._rests_until = max(self._rests_until, now + max(wait_s or 0.0, RING_S))  # `Retry-After: 0` invites nobody
        return is_trouble

    def put_off(self, ask: Ask, now: float) -> None:
        """This one answer could not be used; others may be."""
        slot = self._sessions if ask is None else self._pipelines.get(ask)
        if slot is not None:
            slot.failures += 1
            slot.at = now + max(_backoff_s(slot.failures), SESSIONS_S if ask is None else PIPELINE_S)
            self._pay(now)

    def rang(self, now: float) -> None:
        """The stream says: look now. Pipelines that are not under way are asked with the sessions."""
        self._has_rung = True
        answers_at = max(now, self._paid_until - BURST_S)
        for slot in (self._sessions, *self._pipelines.values()):
            if slot.failures == 0 and (slot is self._sessions or slot.is_running):
                slot.at = min(slot.at, max(answers_at, slot.asked_at + RING_S))

    def stream(self, is_open: bool, now: float) -> None:
        """A stream begins, and may have rung before anyone listened; or it ended: polling goes on."""
        self.is_streaming = is_open
        if is_open:
            self.rang(now)
            return
        self._sessions.at = min(self._sessions.at, now + SESSIONS_S)
        for slot in self._pipelines.values():
            slot.at = min(slot.at, now + PIPELINE_S) if slot.is_running else slot.at

    def _answered(self, slot: _Slot, now: float) -> None:
        slot.asked_at, slot.failures = now, 0
        self._failures, self._waits_since = 0, _NEVER
        self._pay(now)

    def _pay(self, now: float) -> None:
        self._paid_until = max(self._paid_until, now) + RING_S


def _backoff_s(failures: int) -> float:
    return float(min(REST_CAP_S, REST_S * 2.0 ** min(failures - 1, 10)))
