"""What becomes of one try to deliver: retry, park, quarantine, split; how long to wait; when to stop asking.

Pure: takes the answer, the clock and the jitter, returns values. Invariant 4: what can pass is tried for ever with
capped, jittered backoff; what cannot stands where the user sees it, and nothing waits behind it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

BACKOFF_CAP_S = 600.0
"""Issue and invariant 4: at most ten minutes between two tries."""
BACKOFF_BASE_S = 2.0
"""CONTRACT.md section 8: the extension waits 2, 4, 8 seconds."""
RETRY_AFTER_CAP_S = 3600.0
"""A server that asks for a longer silence is asked again after an hour."""
BREAK_AFTER = 5
"""Failures in a row, whoever's, after which the connection rests and one request probes it."""

Cause = Literal["network", "server", "rate", "key", "secret", "project"]
"""Why a connection rests. `key`, `secret` and `project` need the user; the rest passes."""

NEEDS_USER: frozenset[Cause] = frozenset(("key", "secret", "project"))


class Answer(NamedTuple):
    """What came of one request, as far as the decision needs it."""

    status: int | None
    """None: no usable answer (network, TLS, time-out, closed, redirect, not JSON); `text` says which."""
    text: str = ""
    """The server's error text, or what went wrong; cleaned of control characters, at most 200 characters."""
    event_id: str = ""
    session_id: str = ""
    retry_after_s: float | None = None
    """From Retry-After, else from X-RateLimit-Reset when nothing remains."""


class Delivered(NamedTuple):
    event_id: str
    session_id: str


class Retry(NamedTuple):
    cause: Cause
    reason: str
    after_s: float | None = None
    """At least so long, by the server's word."""


class Park(NamedTuple):
    """Everything waits behind one message."""

    cause: Cause
    reason: str


class Quarantine(NamedTuple):
    reason: str


class Split(NamedTuple):
    """Too large for the server: again in two halves; alone, quarantine."""

    reason: str


Verdict = Delivered | Retry | Park | Quarantine | Split


def decide_verdict(answer: Answer) -> Verdict:
    status, text = answer.status, answer.text
    if status is None:
        return Retry("network", text or "no answer")
    reason = f"{status} {text}".strip()
    if 200 <= status < 300:
        if answer.event_id or answer.session_id:
            return Delivered(answer.event_id, answer.session_id)
        return Retry("server", f"{reason}: an answer without an event id")
    if status == 429:
        return Retry("rate", reason, _bounded(answer.retry_after_s))
    if status in (408, 425) or status >= 500:
        return Retry("server", reason, _bounded(answer.retry_after_s))
    if status in (401, 403):
        return Park("secret" if "signature" in text.lower() else "key", reason)
    if status == 404 and text.lower().startswith("project not found"):
        return Park("project", reason)  # no event could pass
    if status == 413:
        return Split(reason)
    if status < 400:
        return Retry("network", reason)
    return Quarantine(reason)


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 0.0), RETRY_AFTER_CAP_S)


def backoff_s(failures: int, jitter: float) -> float:
    """Full jitter: anywhere up to base * 2^(failures-1), capped. `jitter` is uniform in [0, 1)."""
    ceiling = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(max(failures, 1) - 1, 20))
    return ceiling * jitter


class Circuit(NamedTuple):
    """A connection's health, kept between processes. Closed while `rests_until` is past: then one request probes."""

    failures: int = 0
    """In a row, of whatever kind."""
    rests_until: float = 0.0
    """Seconds since the epoch; nothing is sent before."""
    cause: Cause | None = None
    reason: str = ""
    since: float = 0.0
    """When the first failure of the row was."""
    is_told: bool = False
    """Whether the user got the one notification that something needs them."""

    @property
    def needs_user(self) -> bool:
        return self.cause in NEEDS_USER


def rest_s(until: float, now: float) -> float:
    """Seconds from `now` to a kept point in time. What lies further ahead than any wait was written by a clock that was
    wrong then: it is over."""
    return until - now if 0 < until - now <= RETRY_AFTER_CAP_S else 0.0


def fold_circuit(circuit: Circuit, verdict: Verdict, *, now: float, jitter: float) -> Circuit:
    """The connection's health after one try."""
    if isinstance(verdict, Delivered | Quarantine | Split):
        return Circuit()  # the server is there and lets us in
    failures = circuit.failures + 1
    since = circuit.since if circuit.failures else now
    rest = backoff_s(failures, jitter)
    if isinstance(verdict, Park):
        return Circuit(failures, now + max(rest, 1.0), verdict.cause, verdict.reason, since, circuit.is_told)
    if verdict.cause == "server" and failures < BREAK_AFTER:
        # That event waits; others may pass.
        return Circuit(failures, 0.0, "server", verdict.reason, since, circuit.is_told)
    rests_until = now + max(rest, verdict.after_s or 0.0)
    return Circuit(failures, rests_until, verdict.cause, verdict.reason, since, circuit.is_told)
