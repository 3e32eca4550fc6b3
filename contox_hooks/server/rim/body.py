"""A request's body, read whole before a route sees it: so long, within such a time, or not at all.

Invariants: no thread and no connection to a database is held for a client that is still sending; what all bodies take
of memory is bounded, whoever sends them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contox_hooks.server.desk import COOKIE
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.rim.limit import address_of

DRAINED: Final = 8
"""So many times the longest body is read and thrown away before it is refused: a client that is still sending when the
connection closes may never see the answer (RFC 9112, 9.6)."""
OPEN_BYTES: Final = 64 * 1024
"""The longest body without a key, cookie or signature (a form to sign in with); and what is not counted of others."""
HELD_BYTES: Final = 128 * 1024 * 1024
"""Of all bodies that are read or worked on: a dozen of the longest."""
HELD_OF_ONE: Final = HELD_BYTES // 4
"""From one address: nobody needs a key to send."""


class Held:
    """What bodies take of memory now, by address."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()

    @contextmanager
    def share(self, address: str) -> Iterator[Callable[[int], None]]:
        """For the time being: a function that takes so many bytes more. It raises Refusal 503."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if self._bytes.total() + count > HELD_BYTES or self._bytes[address] + count > HELD_OF_ONE:
                text = "Too many long requests at once. Please retry in a moment."
                raise Refusal(503, text, {"Connection": "close", "Retry-After": "1"})
            self._bytes[address] += count
            taken += count

        try:
            yield take
        finally:
            self._bytes[address] -= taken
            self._bytes += Counter()  # without those at zero


class Body:
    def __init__(self, app: ASGIApp, *, most_bytes: int, read_s: float) -> None:
        self.app = app
        self._most_bytes = most_bytes
        self._read_s = read_s
        self._held = Held()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        with self._held.share(address_of(scope)) as take:
            try:
                async with asyncio.timeout(self._read_s):
                    body = await self._read(scope, receive, take)
            except TimeoutError:
                raise Refusal(408, "The request took too long to arrive", {"Connection": "close"}) from None
            if body is None:
                return  # who sent it has gone
            whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

            async def replay() -> Message:
                nonlocal whole
                if whole is None:
                    return await receive()  # says when the client goes
                message, whole = whole, None
                return message

            await self.app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive, take: Callable[[int], None]) -> bytes | None:
        """None for a client that went away. Raises Refusal."""
        headers = dict(scope["headers"])
        declared = int(headers.get(b"content-length", b"0"))
        most_bytes = self._most_bytes if _shows_who(headers) else min(self._most_bytes, OPEN_BYTES)
        bound = most_bytes * DRAINED
        if declared > bound or (declared > most_bytes and b"expect" in headers):
            raise _too_large(most_bytes)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size <= most_bytes:
                take(len(part) if size > OPEN_BYTES else 0)
                parts.append(part)
            else:
                parts.clear()
            if not message.get("more_body", False) or size > bound:
                break
        if size > most_bytes:
            raise _too_large(most_bytes)
        return b"".join(parts)


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(413, f"The request is longer than {most_bytes} bytes", {"Connection": "close"})


def _shows_who(headers: Mapping[bytes, bytes]) -> bool:
    """Rightly or not: whether it is good is the desk's to say."""
    is_browser = COOKIE.encode() in headers.get(b"cookie", b"")
    return is_browser or b"authorization" in headers or b"x-contox-signature" in headers


def _has_body(scope: Scope) -> bool:
    """RFC 9112, 6.3: a request without either header has none. The server has checked the number."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
