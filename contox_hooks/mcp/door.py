"""Which names a request may come by, and which pages it may come from (DNS rebinding), in front of the SDK's app.

The SDK's own check takes whatever follows `localhost:` for a port. Must not know MCP. Invariant: a page of another
site gets no answer from a server on its visitor's machine, whatever name the site gave that machine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final

from contox_hooks.net.host import host_of, host_of_origin

MISDIRECTED: Final = 421
"""RFC 9110, 15.5.20: this server does not answer for that name."""
FORBIDDEN: Final = 403

_Message = MutableMapping[str, Any]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], _Send], Awaitable[None]]


class Door:
    def __init__(self, app: _App, names: Collection[str]) -> None:
        """`names`: of hosts, addresses among them; a port says nothing."""
        self._app = app
        self._names = {host_of(name) or name.lower() for name in names}  # `::1` is none as a netloc

    async def __call__(self, scope: _Message, receive: Callable[[], Awaitable[_Message]], send: _Send) -> None:
        if scope["type"] == "http":
            told = {name: value.decode("latin-1") for name, value in scope["headers"]}
            if host_of(told.get(b"host", "")) not in self._names:
                await _refuse(send, MISDIRECTED, b"no such host here: contox-hooks mcp --allow-host NAME")
                return
            if (origin := told.get(b"origin")) is not None and host_of_origin(origin) not in self._names:
                await _refuse(send, FORBIDDEN, b"not for pages of that origin")
                return
        await self._app(scope, receive, send)


async def _refuse(send: _Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
