"""A base URL may end with a slash: Contox's VS Code extension puts `/api/…` behind it as it is (CONTRACT.md section 1.0)."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_DOUBLED: Final = "//api/"


class Slash:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_DOUBLED):
            scope = {**scope, "path": scope["path"][1:]}
        await self.app(scope, receive, send)
