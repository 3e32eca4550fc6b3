"""Takes parcels to a server: lease, send, acknowledge; order within a session, sessions apart.

Knows no HTTP: `send` is handed in. Invariant: a parcel leaves the outbox only by the server's acknowledgement; killed
anywhere, the next courier sends the same bytes again, which the server knows by their hash.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from contox_hooks.capture.outbox import Outbox, Parcel
from contox_hooks.domain.delivery import (
    Answer,
    Delivered,
    Park,
    Quarantine,
    Retry,
    Split,
    backoff_s,
    decide_verdict,
    fold_circuit,
    rest_s,
)

PATIENCE_S = 20.0
"""A courier stays for a wait that is not longer; the next wake goes on with one that is."""
_LINGER_S = 60.0
"""And no longer than that in all: a server that says "in a second" each time keeps nobody for ever."""
_STEP_S = 1.0
"""How long it takes a waiting courier to see that it may not go on."""


@dataclass(slots=True)
class Carried:
    """What one courier did."""

    requests: int = 0
    delivered: int = 0
    """Events."""
    quarantined: int = 0
    closed_sessions: tuple[str, ...] = ()
    """Sessions here whose counterpart the server had closed."""


class Courier:
    def __init__(
        self,
        outbox: Outbox,
        send: Callable[[Parcel], Answer],
        *,
        skip_enrichment: Callable[[], bool],
        may_go_on: Callable[[], bool] = lambda: True,
        on_progress: Callable[[Carried], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._send = send
        self._skip_enrichment = skip_enrichment
        self._may_go_on = may_go_on
        self._on_progress = on_progress
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self.carried = Carried()

    def run(self, *, patience_s: float = PATIENCE_S, until: float | None = None) -> Carried:
        """Send until nothing waits, or the next try is further away than `patience_s`, or it is `until` o'clock; with
        `until`, for somebody who waits, also until only they can help: with a better key, say."""
        slept_s = 0.0
        while self._may_go_on():
            now = self._clock()
            if until is not None and now >= until:
                return self.carried
            wait_s = rest_s(self._outbox.circuit().rests_until, now)
            if not wait_s:
                # What was never tried goes first, so that an event that always fails holds up its own session alone.
                parcel = self._outbox.pack(self._skip_enrichment, now=now) or self._outbox.due(now)
                if parcel is not None:
                    self._carry(parcel)
                    continue
                wait_s = self._outbox.next_due_in_s(now) or 0.0
            is_hopeless = until is not None and self._outbox.circuit().needs_user  # who waits for it is who can mend it
            if not self._outbox.has_waiting() or wait_s > patience_s or slept_s > _LINGER_S or is_hopeless:
                return self.carried
            step_s = min(wait_s, _STEP_S) if until is None else min(wait_s, _STEP_S, until - now)
            self._sleep(step_s)
            slept_s += 0.0 if until is not None else step_s
        return self.carried

    def _carry(self, parcel: Parcel) -> None:
        answer = self._send(parcel)
        now, verdict, jitter = self._clock(), decide_verdict(answer), self._jitter()
        self.carried.requests += 1
        circuit = fold_circuit(self._outbox.circuit(), verdict, now=now, jitter=jitter)
        match verdict:
            case Delivered(session_id=session_id):
                if self._outbox.deliver(parcel, session_id, now=now) is not None:
                    self.carried.closed_sessions += (parcel.session_id,)
                self.carried.delivered += parcel.events
            case Quarantine(reason):
                self._outbox.quarantine(parcel, reason, now=now)
                self.carried.quarantined += 1
            case Split(reason):
                self._outbox.split(parcel, reason, now=now)
            case Retry(cause, reason, after_s):
                # The rest of the connection is the circuit's; a server's error may be this event's own fault.
                wait_s = max(backoff_s(parcel.failures + 1, jitter), after_s or 0.0) if cause == "server" else 0.0
                self._outbox.delay(parcel, reason, due_at=now + wait_s, now=now)
            case Park(_, reason):
                self._outbox.delay(parcel, reason, due_at=now, now=now)
        self._outbox.keep_circuit(circuit)
        self._on_progress(self.carried)


def is_due(outbox: Outbox, now: float, *, patience_s: float = PATIENCE_S) -> bool:
    """Whether a courier would find something to do now or within its patience."""
    if rest_s(outbox.circuit().rests_until, now) > patience_s:
        return False
    due_in_s = outbox.next_due_in_s(now)
    return (due_in_s is not None and due_in_s <= patience_s) or outbox.has_unpacked()
