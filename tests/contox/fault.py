"""How the server misbehaves: each fault a value, chosen by a script, by chance, or held until it is lifted.

A fault says how much of the request is read, whether the event is stored all the same, and what is sent back.
"""

from __future__ import annotations

import gzip
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tests.contox.reply import Reply, error

Where = Callable[[str, str], bool]
"""Whether a fault concerns the request (method, path without query)."""


def INGEST(method: str, path: str) -> bool:
    return method == "POST" and path == "/api/v2/ingest"


def EVERY(method: str, path: str) -> bool:
    return True


def at(path: str, method: str | None = None) -> Where:
    """Requests of one path, of any method or of one."""
    return lambda verb, place: place == path and method in (None, verb)


@dataclass(frozen=True)
class Fault:
    name: str
    reply: Reply | None = None
    """Sent in place of the true answer; None: the true one."""
    reads: Literal["nothing", "half", "all"] = "all"
    """How much of the body is read before anything else happens."""
    stores: bool = False
    """Whether the request is handled first, as if nothing were wrong."""
    sends: Literal["whole", "nothing", "half", "reset", "slow-head", "slow-body", "silence", "then-close"] = "whole"
    """`nothing`: the connection ends; `reset`: with RST; `silence`: it stays open; `slow-…`: a byte at a time, without end;
    `then-close`: the answer, then an end that was not announced."""
    pause_s: float = 0.02
    """Between two bytes of a slow answer."""

    def after_storing(self) -> Fault:
        """The same, but the server did its work before."""
        return replace(self, name=f"{self.name} after storing", stores=True)


def status(code: int, text: str | None = None, **headers: str) -> Fault:
    """An error as the API words it: JSON with `error`."""
    return Fault(f"status {code}", error(code, _TEXTS.get(code, "Error") if text is None else text, headers))


_TEXTS = {
    400: "Invalid request body",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    413: "Payload too large",
    422: "Unprocessable event",
    429: "Rate limit exceeded",
    500: "Internal server error",
    503: "Service unavailable",
}


def html(code: int = 503) -> Fault:
    """What a proxy in front of the API says; with 200, what a captive portal says."""
    page = b"<!doctype html><html><title>One moment</title><p>Please sign in</p></html>"
    return Fault(f"html {code}", Reply(code, page, "text/html; charset=utf-8"))


def throttled(retry_after: int | str | None = None) -> Fault:
    """429; Retry-After in seconds or as an HTTP date, or none."""
    if retry_after is None:
        return Fault("429", error(429, "Rate limit exceeded"))
    text = f"Rate limit exceeded. Please retry after {retry_after} seconds."
    return Fault("429 with Retry-After", error(429, text, {"Retry-After": str(retry_after)}))


def redirect(to: str, code: int = 302) -> Fault:
    """To another place, usually `server.trap.url`, which records whoever follows."""
    return Fault(f"redirect {code}", Reply(code, b'{"error":"Moved"}', headers={"Location": to}))


CLOSE_BEFORE_BODY = Fault("close before body", reads="nothing", sends="nothing")
CLOSE_IN_BODY = Fault("close in body", reads="half", sends="nothing")
CLOSE_AFTER_BODY = Fault("close after body", sends="nothing")
RESET = Fault("reset", sends="reset")
ANSWER_LOST = Fault("answer lost", stores=True, sends="nothing")
ANSWER_RESET = Fault("answer reset", stores=True, sends="reset")
ANSWER_CUT = Fault("answer cut", stores=True, sends="half")
CLOSE_AFTER_ANSWER = Fault("close after answer", stores=True, sends="then-close")
SLOW_HEAD = Fault("slow head", sends="slow-head")
SLOW_BODY = Fault("slow body", sends="slow-body")
SILENCE = Fault("silence", sends="silence")
GARBAGE = Fault("garbage json", Reply(202, b'{"eventId": "evt_1", "sess\xff\xfe'))
WRONG_TYPE = Fault("wrong content type", Reply(202, b'{"eventId":"evt_0","sessionId":"sess_0"}', "image/png"))
EMPTY = Fault("empty body", Reply(202, b""))
HTML_200 = html(200)
HTML_503 = html(503)


def oversized(size_bytes: int = 8 * 1024 * 1024) -> Fault:
    return Fault("oversized", Reply(202, b"{" + b" " * (size_bytes - 2) + b"}"))


def bomb(size_bytes: int = 64 * 1024 * 1024) -> Fault:
    """Small on the wire, large once unpacked."""
    packed = gzip.compress(b"{" + b" " * (size_bytes - 2) + b"}", compresslevel=1)
    return Fault("gzip bomb", Reply(202, packed, headers={"Content-Encoding": "gzip"}))


PASSING: tuple[Fault, ...] = (
    status(500),
    status(503),
    HTML_503,
    throttled(),
    throttled(0),
    CLOSE_BEFORE_BODY,
    CLOSE_IN_BODY,
    CLOSE_AFTER_BODY,
    RESET,
    ANSWER_LOST,
    ANSWER_RESET,
    ANSWER_CUT,
    CLOSE_AFTER_ANSWER,
    status(500).after_storing(),
    GARBAGE,
    WRONG_TYPE,
    EMPTY,
    HTML_200,
)
"""What a client must outlive by itself and what costs it no time-out: the mixture of the chaos tests."""

LASTING: tuple[Fault, ...] = (SLOW_HEAD, SLOW_BODY, SILENCE)
"""What ends only by the client's own deadline."""


class Faults:
    """Which fault the next request meets. A script goes first; then what is held or mixed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[tuple[Where, Fault | None]] = []
        self._mixture: tuple[random.Random, float, Sequence[Fault], Where] | None = None
        self._used: list[str] = []

    def script(self, faults: Sequence[Fault | None], *, where: Where = INGEST) -> None:
        """One a matching request, in order, behind what is scripted already; None lets a request pass."""
        with self._lock:
            self._script += [(where, fault) for fault in faults]

    def hold(self, fault: Fault, *, where: Where = INGEST) -> None:
        """Every matching request, until `clear`."""
        self.mixture(0, 1.0, (fault,), where=where)

    def mixture(self, seed: int, rate: float, choices: Sequence[Fault] = PASSING, *, where: Where = INGEST) -> None:
        """A matching request meets one of the choices with probability `rate`; the sequence follows from the seed."""
        with self._lock:
            self._mixture = (random.Random(seed), rate, tuple(choices), where)

    def clear(self) -> None:
        with self._lock:
            self._script.clear()
            self._mixture = None

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = self._next(method, path)
            if fault:
                self._used.append(fault.name)
            return fault

    def _next(self, method: str, path: str) -> Fault | None:
        for index, (where, fault) in enumerate(self._script):
            if where(method, path):
                del self._script[index]
                return fault
        if self._mixture:
            chance, rate, choices, where = self._mixture
            if where(method, path) and chance.random() < rate:
                return chance.choice(choices)
        return None

    @property
    def pending(self) -> int:
        """Entries of the script that no request has met yet."""
        with self._lock:
            return len(self._script)

    @property
    def used(self) -> list[str]:
        """Names of the faults that requests met, in order."""
        with self._lock:
            return list(self._used)
