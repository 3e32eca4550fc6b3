"""How fast one origin may be asked, by all processes of this user together.

Owns one small file an origin: what was sent in the last minute, counted by seconds, and how long the server wants
silence. The decision is pure; the file is read and replaced under a lock that dies with its holder.
Invariant: no 60 seconds hold more requests than the limit, whatever was killed, damaged or set back in between.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from contox_hooks.domain.delivery import RETRY_AFTER_CAP_S
from contox_hooks.lock import FileLock
from contox_hooks.whole import write_whole
from contox_hooks.wire.endpoint import Endpoint

WINDOW_S = 61.0
"""The minute of CONTRACT.md section 1.0, "Rate limit", and a second that a request may take to arrive."""
LIMIT_S = 3600.0
"""So long a server's own limit counts after it was told."""
BLOCK_CAP_S = RETRY_AFTER_CAP_S
"""A server that asks for a longer silence is asked again after an hour."""
_LOCK_TRIES, _LOCK_REST_S = 200, 0.005
"""A holder needs the lock for a fraction of a millisecond; one second later it is stopped, not slow."""
_HELD_UP_S = 1.0
_EPOCH_FROM = 1e9
"""X-RateLimit-Reset is a point in time (unix seconds); other servers send a wait, which is never that long."""
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)


class Window(NamedTuple):
    """What one origin was sent of late, and what it asked for."""

    sent: tuple[tuple[int, int], ...] = ()
    """(second since the epoch, requests in it), oldest first; each counts until all of it is older than WINDOW_S."""
    blocked_until: float = 0.0
    """Seconds since the epoch."""
    server_limit: int | None = None
    """X-RateLimit-Limit of the last reply that had one."""
    told_at: float = 0.0
    """About when that was, seconds since the epoch; an hour later nobody knows whether it still holds."""


def decide_admission(window: Window, *, now: float, per_minute: int) -> tuple[Window, float]:
    """The window with one more request and 0.0; or with none, and the seconds until it is worth asking again."""
    second = int(now)
    counts: dict[int, int] = {}
    for at, count in window.sent:
        if at + 1 + WINDOW_S > now:
            at = min(at, second)  # the clock was set back: what it says of the future happened, at the latest now
            counts[at] = counts.get(at, 0) + count
    sent = tuple(sorted(counts.items()))
    blocked_until = min(window.blocked_until, now + BLOCK_CAP_S)
    server_limit = window.server_limit if 0 <= now - window.told_at < LIMIT_S else None
    kept = Window(sent, blocked_until, server_limit, window.told_at)
    if blocked_until > now:
        return kept, blocked_until - now
    limit = max(1, min(per_minute, server_limit or per_minute))
    over = sum(counts.values()) + 1 - limit
    for at, count in sent:
        if over <= 0:
            break
        over -= count
        if over <= 0:
            return kept, max(at + 1 + WINDOW_S - now, 0.001)
    counts[second] = counts.get(second, 0) + 1
    return kept._replace(sent=tuple(sorted(counts.items()))), 0.0


def fold_reply(window: Window, headers: Mapping[str, str], status: int, *, now: float) -> Window:
    """The window after a reply: its limit, and the silence it asks for. Header names are lower-case."""
    limit = _number(headers.get("x-ratelimit-limit"))
    if limit is not None and limit >= 1:
        is_news = int(limit) != window.server_limit or not 0 <= now - window.told_at < LIMIT_S / 4
        window = window._replace(server_limit=int(limit), told_at=now) if is_news else window
    wait_s = asked_wait_s(headers, status, now=now)
    if wait_s:
        window = window._replace(blocked_until=max(window.blocked_until, now + min(wait_s, BLOCK_CAP_S)))
    return window


def server_time(headers: Mapping[str, str]) -> float | None:
    """The server's clock when it replied: seconds since the epoch, whole ones."""
    return _point(headers.get("date"))


def asked_wait_s(headers: Mapping[str, str], status: int, *, now: float | None = None) -> float | None:
    """The silence that a reply asks for, in seconds: Retry-After (of 429 and 5xx), else until X-RateLimit-Reset when
    X-RateLimit-Remaining is 0. None when it asks for none. Points in time are read by the server's own clock (Date)."""
    server_now = server_time(headers) or (time.time() if now is None else now)
    if status == 429 or status >= 500:
        after = headers.get("retry-after")
        seconds = _number(after)
        if seconds is None:
            point = _point(after)
            seconds = None if point is None else point - server_now
        if seconds is not None:
            return max(seconds, 0.0)
    if _number(headers.get("x-ratelimit-remaining")) == 0:
        reset = _number(headers.get("x-ratelimit-reset"))
        if reset is not None:
            return max(reset - server_now if reset >= _EPOCH_FROM else reset, 0.0)
    return None


class Pace:
    def __init__(
        self,
        path: Path,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`path`: the origin's file; its folder exists. Where it cannot be written, this process paces itself alone."""
        self._path = path
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._own = Window()

    def admit(self, patience_s: float = 0.0) -> float:
        """Count one request and return 0.0: it may go now. Waits for that, up to `patience_s` in all; returns the
        remaining wait in seconds, with nothing counted, when that is longer."""
        while True:
            wait_s = self._change(
                lambda window: decide_admission(window, now=self._clock(), per_minute=self._per_minute)
            )
            if wait_s == 0.0 or wait_s > patience_s:
                return wait_s
            self._sleep(wait_s)
            patience_s -= wait_s

    def learn(self, headers: Mapping[str, str], status: int) -> None:
        """Take in what a reply says of limits and silence. Header names are lower-case."""
        now = self._clock()
        if fold_reply(self._own, headers, status, now=now) != self._own:
            self._change(lambda window: (fold_reply(window, headers, status, now=now), 0.0))

    @property
    def blocked_until(self) -> float:
        """Seconds since the epoch until which the server wants silence; in the past when it wants none."""
        try:
            return max(self._read().blocked_until, self._own.blocked_until)
        except OSError:
            return self._own.blocked_until

    def _change(self, step: Callable[[Window], tuple[Window, float]]) -> float:
        try:
            with FileLock(self._path.with_suffix(".lock")) as lock:
                if not self._is_taken(lock):
                    return _HELD_UP_S
                after, result = step(self._read())
                self._write(after)
                self._own = after
                return result
        except OSError:  # read-only, full, gone
            self._own, result = step(self._own)
            return result

    def _is_taken(self, lock: FileLock) -> bool:
        for _ in range(_LOCK_TRIES):
            if lock.take():
                return True
            self._sleep(_LOCK_REST_S)
        return False

    def _read(self) -> Window:
        """Raises OSError."""
        try:
            return _parse(self._path.read_bytes())
        except FileNotFoundError:
            return Window()
        except _DAMAGE:
            # Nobody knows what was sent; nothing was after the damage, and before it at most everything.
            return Window(sent=((int(self._path.stat().st_mtime), self._per_minute),))

    def _write(self, window: Window) -> None:
        """Whole or not at all; not synced: after a power cut the minute is over. Raises OSError."""
        write_whole(self._path, json.dumps(window._asdict(), separators=(",", ":")), durable=False)


def pace_of(data_dir: Path, endpoint: Endpoint, per_minute: int) -> Pace:
    """The pace of the endpoint's origin, shared by every repository and process of this user."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(endpoint.base.lower()))
    folder = data_dir / "pace"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        pass  # then each process paces itself
    return Pace(folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.json", per_minute)


def _parse(raw: bytes) -> Window:
    """Raises one of _DAMAGE."""
    values = json.loads(raw)
    sent = tuple((at, count) for at, count in values["sent"])
    window = Window(sent, values["blocked_until"], values["server_limit"], values.get("told_at", 0.0))
    counted = [number for pair in window.sent for number in pair]
    if not all(type(number) is int and number >= 0 for number in [*counted, window.server_limit or 1]):
        raise ValueError("not counts")
    if not (math.isfinite(window.blocked_until) and math.isfinite(window.told_at)):
        raise ValueError("not a time")
    return window


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _point(text: str | None) -> float | None:
    """An HTTP-date as seconds since the epoch."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
