"""Which project a page is of when its address names none."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from contox_hooks.server.desk import Desk
from contox_hooks.server.page.frame import Frame, Section
from contox_hooks.server.page.render import page


def of_first_project(request: Request, desk: Desk, section: Section) -> Response:
    """The section of the first project that the caller may see, or how to get one."""
    with desk.account() as (service, key):
        frame = Frame.of_all(service, key, section)
        if frame.projects:
            return RedirectResponse(frame.href(section), status_code=303)
        return page(request, "no_project.html", frame)
