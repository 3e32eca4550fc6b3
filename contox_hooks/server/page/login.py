"""Signing in with a key or with a link from the server's terminal, and out again.

Invariants: a link is used up by a POST alone, for those who only show what is behind a link must not; a cookie is
given to a form of our own page alone; after signing in nobody is sent to another site.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from contox_hooks.server.desk import COOKIE, AtDesk, Desk, Refusal
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.render import page
from contox_hooks.server.refusal import forbidden

LIFE_S: Final = 30 * 86_400
HOME: Final = "/dashboard/sessions"

Text = Annotated[str, Form(max_length=2000)]

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/dashboard")
def home() -> Response:
    return RedirectResponse(HOME, status_code=303)


@router.get("/login")
def login_page(
    desk: AtDesk,
    token: Annotated[str, Query(max_length=200)] = "",
    to: Annotated[str, Query(alias="next", max_length=2000)] = "",
) -> Response:
    if _is_signed_in(desk):
        return RedirectResponse(ours(to), status_code=303)
    return page(desk.request, "login.html", token=token, next=ours(to), error="")


@router.post("/login")
def login(
    desk: AtDesk, key: Text = "", token: Text = "", to: Annotated[str, Form(alias="next", max_length=2000)] = ""
) -> Response:
    if not desk.is_from_here():
        raise forbidden("This sign-in was asked for by another site")
    with desk.site.pool.service() as service:
        found = service.access.of_ticket(token, "login") if token else service.access.of_text(key.strip())
        if found is None:
            error = (
                "This link was used before, or is too old. A key signs in too." if token else "This key opens nothing"
            )
            return page(desk.request, "login.html", status=401, token="", next=ours(to), error=error)
        text = service.access.create_ticket(found.id, "cookie", life_s=LIFE_S)
    answer = RedirectResponse(ours(to), status_code=303)
    # Lax: a link in a chat or an issue leads to a page, not to a form for the key. Changes look at Origin (desk.py).
    secure = desk.site.options.is_secure
    answer.set_cookie(COOKIE, text, max_age=LIFE_S, path="/", httponly=True, samesite="lax", secure=secure)
    return answer


@router.post("/logout")
def logout(desk: AtDesk) -> Response:
    if not desk.is_from_here():
        raise forbidden("Signing out was asked for by another site")
    with desk.site.pool.service() as service:
        service.access.drop_ticket(desk.request.cookies.get(COOKIE, ""))
    answer = see_other("/login", "You are signed out")
    answer.delete_cookie(COOKIE, path="/")
    return answer


_OURS: Final = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def ours(to: str) -> str:
    """A path of this server, else the dashboard: `//host` and `/\\host` are other sites to a browser."""
    return to if _OURS.fullmatch(to) else HOME


def _is_signed_in(desk: Desk) -> bool:
    try:
        with desk.account():
            return True
    except Refusal:
        return False
