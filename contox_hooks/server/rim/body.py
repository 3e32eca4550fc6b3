"""A request's body, read whole before a route sees it: so long, within such a time, or not at all.

Invariant: no thread and no connection to a database is held for a client that is still sending.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contox_hooks.server.refusal import Refusal

DRAINED: Final = 8
"""So many times the longest body is read and thrown away before it is refused: a client that is still sending when the
connection closes may never see the answer (RFC 9112, 9.6)."""


class Body:
    def __init__(self, app: ASGIApp, *, most_bytes: int, read_s: float) -> None:
        self.app = app
        self._most_bytes = most_bytes
        self._read_s = read_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._read_s):
                body = await self._read(scope, receive)
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

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """None for a client that went away. Raises Refusal."""
        headers = dict(scope["headers"])
        declared = int(headers.get(b"content-length", b"0"))
        bound = self._most_bytes * DRAINED
        if declared > bound or (declared > self._most_bytes and b"expect" in headers):
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size <= self._most_bytes:
                parts.append(part)
            else:
                parts.clear()
            if not message.get("more_body", False) or size > bound:
                break
        if size > self._most_bytes:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The request is longer than {self._most_bytes} bytes", {"Connection": "close"})


def _has_body(scope: Scope) -> bool:
    """RFC 9112, 6.3: a request without either header has none. The server has checked the number."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
