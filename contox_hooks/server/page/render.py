"""Values become pages: the templates and the filters that they use.

Must not know routes. Invariants: everything is escaped, and what cannot be seen is named (visible.py); nothing runs
in a page but our own files (rim/header.py has the policy that browsers hold it to).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from contox_hooks import __version__
from contox_hooks.domain import phrase
from contox_hooks.domain.event import source_label
from contox_hooks.domain.visible import visible
from contox_hooks.server.desk import COOKIE
from contox_hooks.server.page import flash
from contox_hooks.server.page.asset import asset_url
from contox_hooks.server.page.frame import Frame
from contox_hooks.wire.session import summary_text

_LAST_S: Final = 253_402_300_799
"""9999-12-31, the last second that `datetime` can write."""

THEME_COOKIE: Final = "contox_theme"
"""`light` or `dark`, set by app.js: only the server can lay out the first paint without a script in the page."""


def page(
    request: Request, template: str, frame: Frame | None = None, *, status: int = 200, **values: Any
) -> Response:  # fmt: skip
    """A whole page. `frame`: None where nobody is signed in. A flash is shown once."""
    theme = request.cookies.get(THEME_COOKIE)
    said = flash.flash_of(request)
    html = environment().get_template(template).render(
        frame=frame, flash=said, theme=theme if theme in ("light", "dark") else None, path=request.url.path,
        now=request.app.state.site.clock(), version=__version__, has_cookie=COOKIE in request.cookies, **values,
    )  # fmt: skip
    answer = Response(visible(html), status, {"Vary": "Cookie"}, media_type="text/html; charset=utf-8")
    if said is not None:
        flash.forget(answer)
    return answer


@cache
def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "template"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    found.globals["asset"] = asset_url
    found.filters.update(
        ago=_ago, brief=_brief, count=_count, day=_day, duration=phrase.duration, iso=iso, label=source_label,
        moment=_moment, percent=_percent, plural=phrase.plural, summary=summary_text,
    )  # fmt: skip
    return found


def iso(at_utc: float) -> str:
    """For `<time datetime>`: seconds since the epoch as ISO 8601 UTC."""
    return _utc(at_utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(at_utc: float) -> datetime:
    """A date that no calendar has stands at the nearest end: commits can have any."""
    return datetime.fromtimestamp(min(max(at_utc, 0), _LAST_S), UTC)


def _brief(text: str) -> str:
    """One line for a heading; what is longer ends in `...` (CONTRACT.md section 8: 120, cut to 117)."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."


def _day(at_utc: float) -> str:
    return iso(at_utc)[:10]


def _moment(at_utc: float) -> str:
    return _utc(at_utc).strftime("%Y-%m-%d %H:%M UTC")


def _ago(at_utc: float) -> str:
    return phrase.ago(at_utc, time.time())


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _count(number: int) -> str:
    return f"{number:,}"
