"""A base URL may end in a slash: the VS Code extension puts `/api/…` behind it as it is (CONTRACT.md section 1.0)."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Slash:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("//"):
            scope = {**scope, "path": "/" + scope["path"].lstrip("/")}
        await self.app(scope, receive, send)
