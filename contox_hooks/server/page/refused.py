"""Refusals as people read them: a page with the same words and status code that the API would answer with.

Must not know routes. Invariant: only paths that people type are answered in HTML; the API's stay JSON.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from contox_hooks.server.page.render import page

_PAGES: Final = ("/dashboard", "/login", "/logout")
_HEADINGS: Final = {
    400: "That cannot be done so",
    403: "Not allowed",
    404: "Not found",
    409: "Not done",
    429: "Too many requests",
    503: "Busy",
}

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


def install(app: FastAPI) -> None:
    """After the API's own: what those say is what a page says."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _for_people(handler))


def _for_people(handler: Handler) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        found = handler(request, error)
        plain = await found if inspect.isawaitable(found) else found
        return _page_of(request, plain) if _is_page(request.url.path) else plain

    return answer


def _is_page(path: str) -> bool:
    return path == "/" or any(path == one or path.startswith(f"{one}/") for one in _PAGES)


def _page_of(request: Request, plain: Response) -> Response:
    if plain.status_code == 401:
        return _to_login(request)
    text = json.loads(bytes(plain.body)).get("error", "")
    heading = _HEADINGS.get(plain.status_code, "That went wrong")
    answer = page(request, "error.html", status=plain.status_code, heading=heading, text=text)
    if "retry-after" in plain.headers:
        answer.headers["Retry-After"] = plain.headers["retry-after"]
    return answer


def _to_login(request: Request) -> Response:
    """Back to where one was going, or, where a part of a page was asked for, the whole page goes there."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    query = f"?{request.url.query}" if request.url.query else ""
    there = request.url.path + query if request.method == "GET" else "/dashboard"
    return RedirectResponse(f"/login?next={quote(there, safe='')}", status_code=303)
