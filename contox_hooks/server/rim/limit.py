"""How often one may ask: so many requests a minute a key, a browser ten times as many, and few wrong keys an address.

Counts are of this process and forgotten with it. Invariants: memory is bounded, whoever asks; until a key is known
to be good its requests count as its address's too, and then nothing that others do from there locks it out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contox_hooks.server.desk import COOKIE, bearer_of
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.rim.header import ADDED

WINDOW_S: Final = 60
"""CONTRACT.md section 1.0 counts by the minute."""
BROWSER_TIMES: Final = 10
"""A page is several requests, and an htmx page asks for its parts."""
FAILURES: Final = 60
"""Wrong keys and links a minute from one address: the extension with an old key asks twice a minute at most (section
8: every 30 s, every 5 s while it tracks), and a key has 256 bits."""
MOST: Final = 20_000
"""Counters kept; the oldest goes first."""
FREE: Final = ("/asset/", "/health", "/ready", "/metrics")


class Window:
    """Counts of the current minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[str, int] = {}

    def add(self, holder: str, at_utc: float) -> int:
        """The count with this one."""
        counts = self._of(at_utc)
        if holder not in counts and len(counts) >= MOST:
            del counts[next(iter(counts))]
        counts[holder] = counts.get(holder, 0) + 1
        return counts[holder]

    def count(self, holder: str, at_utc: float) -> int:
        return self._of(at_utc).get(holder, 0)

    def _of(self, at_utc: float) -> dict[str, int]:
        minute = int(at_utc // WINDOW_S)
        if minute != self._minute:
            self._minute = minute
            self._counts = {}
        return self._counts


class Limit:
    def __init__(self, app: ASGIApp, *, a_minute: int, clock: Callable[[], float]) -> None:
        """`a_minute` 0: nothing is limited."""
        self.app = app
        self._a_minute = a_minute
        self._clock = clock
        self._asked = Window()
        self._failed = Window()
        self._good: dict[str, None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._a_minute or scope["path"].startswith(FREE):
            await self.app(scope, receive, send)
            return
        now = self._clock()
        reset = (int(now // WINDOW_S) + 1) * WINDOW_S
        address = address_of(scope)
        holder, is_browser = holder_of(scope)
        is_good = holder in self._good
        most = self._a_minute * (BROWSER_TIMES if is_browser and is_good else 1)
        count = 0 if is_good else self._asked.add(address, now)
        if holder and count <= most:
            count = max(count, self._asked.add(holder, now))
        shown = {
            b"x-ratelimit-limit": b"%d" % most,
            b"x-ratelimit-remaining": b"%d" % max(0, most - count),
            b"x-ratelimit-reset": b"%d" % reset,
        }
        locked = not is_good and self._failed.count(address, now) >= FAILURES
        scope.setdefault("state", {})[ADDED] = shown
        if count > most or locked:
            wait_s = max(1, math.ceil(reset - now))
            text = f"Rate limit exceeded. Please retry after {wait_s} seconds."
            raise Refusal(429, text, {"Retry-After": str(wait_s)})

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._learn(scope, message["status"], holder, address, now)
            await send(message)

        await self.app(scope, receive, sending)

    def _learn(self, scope: Scope, status: int, holder: str, address: str, now: float) -> None:
        if status == 401:
            self._good.pop(holder, None)
            self._failed.add(address, now)
        elif holder and holder not in self._good and "key" in scope.get("state", {}):
            if len(self._good) >= MOST:
                del self._good[next(iter(self._good))]
            self._good[holder] = None


def holder_of(scope: Scope) -> tuple[str, bool]:
    """A digest of the key or cookie as the desk reads them, "" without one; whether it is a browser's."""
    headers = Headers(scope=scope)
    if key := bearer_of(headers.get("authorization", "")):
        return hashlib.sha256(key.encode()).hexdigest(), False
    cookie = headers.get("cookie", "")
    if COOKIE not in cookie:
        return "", False
    try:
        found = SimpleCookie(cookie).get(COOKIE)
    except CookieError:
        found = None
    return ("", False) if found is None else (hashlib.sha256(found.value.encode()).hexdigest(), True)


def address_of(scope: Scope) -> str:
    """Of the client; of IPv6 the network of 64 bits that one household or machine has (RFC 6177)."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return str(host)
    if address.version == 4:
        return str(address)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or ipaddress.ip_network((address, 64), strict=False))
