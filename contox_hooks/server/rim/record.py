"""One line and one count a request, and the last net: what nobody caught becomes an answer here.

Invariants: no line holds a query, a body, a header or a key's text; nobody can write a line of their own into the log;
no exception reaches the server beneath, which would print it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contox_hooks.server.refusal import Refusal
from contox_hooks.server.rim.tally import Tally

ELSEWHERE: Final = "elsewhere"
"""The route of what no route has."""
INGEST: Final = "/api/v2/ingest"
QUIET: Final = ("/asset/", "/health", "/ready", "/metrics")

log = logging.getLogger("contox_hooks.server.request")


class Record:
    def __init__(self, app: ASGIApp, *, tally: Tally) -> None:
        self.app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:
            # The server stops and waits no longer: an open stream ends here as if it had been all.
            if status:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await _told(Refusal(503, "The server is stopping"), scope, receive, sending)
        except Exception as error:
            if status:
                log.error("%s broke off", _path(scope), exc_info=error)
                raise
            await _told(error, scope, receive, sending)
        finally:
            self._keep(scope, status, time.perf_counter() - began)

    def _keep(self, scope: Scope, status: int, seconds: float) -> None:
        state = scope.get("state", {})
        route = getattr(scope.get("route"), "path", ELSEWHERE)
        self._tally.request(route=route, method=scope["method"], status=status, seconds=seconds)
        if scope["path"] == INGEST:
            self._tally.ingested(state.get("ingest", "refused"))
        if status < 400 and scope["path"].startswith(QUIET):
            return
        key = state.get("key")
        log.info(
            "%s %s %d %d ms%s", scope["method"], _path(scope), status, seconds * 1000,
            f" key={key.prefix}" if key is not None else "",
            extra={"request": {
                "method": scope["method"], "path": _path(scope), "status": status, "ms": round(seconds * 1000, 1),
                "key": None if key is None else key.id,
            }},
        )  # fmt: skip


def _path(scope: Scope) -> str:
    """As it was sent, in ASCII: an encoded line break stays encoded."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in raw)[:500]


async def _told(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """With the handlers that the routes' errors have (refusal.py, page/refused.py)."""
    handlers: dict[Any, Any] = scope["app"].exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    found = handler(Request(scope, receive), error)
    response: Response = await found if inspect.isawaitable(found) else found
    await response(scope, receive, send)
