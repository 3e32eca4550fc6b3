"""Which name a request may call the server by.

A page of another site can have its name point at 127.0.0.1 and then talk to a server there as if it were its own (DNS
rebinding); what it cannot change is the Host header. Addresses are always let in: no trick makes one a page's name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from contox_hooks.net.host import host_of, is_address
from contox_hooks.server.refusal import Refusal

MISDIRECTED: Final = 421
"""RFC 9110, 15.5.20: this server does not answer for that name."""


class Door:
    def __init__(self, app: ASGIApp, *, hosts: Collection[str], base_url: str) -> None:
        self.app = app
        self._hosts = {host.lower().rstrip(".") for host in hosts} | {host_of(urlsplit(base_url).netloc), "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
            if not self.answers_for(host_of(named)):
                raise Refusal(MISDIRECTED, "This server does not answer for that host name (serve --allow-host NAME)")
        await self.app(scope, receive, send)

    def answers_for(self, host: str) -> bool:
        return host in self._hosts or host.endswith(".localhost") or is_address(host)
