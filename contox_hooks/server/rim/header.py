"""What every answer says to browsers: CONTRACT.md section 1.0, and a policy under which only our own files run.

Invariant: no page needs an inline script or style, so none ever runs.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),  # what is said of a project is for its asker alone
)
_SECURE: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

ADDED: Final = "headers"
"""In the request's state: what else is added, by name."""


class Header:
    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self.app = app
        self._added = (*_ALWAYS, _SECURE) if is_secure else _ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                present = {name for name, _ in headers}
                headers += (one for one in self._added if one[0] not in present)
                headers += scope.get("state", {}).get(ADDED, {}).items()
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, sending)
