"""What is said once, on the page after a change: kept in the browser meanwhile, so that any server can say it.

Invariant: a flash is text; the page escapes it like any other.
"""

from __future__ import annotations

import base64
import json
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

COOKIE = "contox_flash"
MOST = 600
"""Characters; a cookie holds 4,096 bytes (RFC 6265, 6.1)."""
LIFE_S = 60

Tone = Literal["good", "bad"]


class Flash(NamedTuple):
    tone: Tone
    text: str


def see_other(to: str, said: str = "", *, tone: Tone = "good") -> Response:
    """The answer to a form: go and look (303), and be told there. `to` is a path of ours."""
    answer = RedirectResponse(to, status_code=303)
    if said:
        text = base64.urlsafe_b64encode(json.dumps([tone, said[:MOST]]).encode()).decode()
        answer.set_cookie(COOKIE, text, max_age=LIFE_S, path="/", httponly=True, samesite="lax")
    return answer


def flash_of(request: Request) -> Flash | None:
    try:
        tone, text = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except (ValueError, TypeError, RecursionError):  # a cookie is whatever somebody sends
        return None
    return Flash("good" if tone == "good" else "bad", text) if isinstance(text, str) else None


def forget(answer: Response) -> None:
    answer.delete_cookie(COOKIE, path="/")
