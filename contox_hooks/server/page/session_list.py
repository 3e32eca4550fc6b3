"""/dashboard/sessions: what was worked on, newest first, of one project or of all."""

from __future__ import annotations

from typing import Annotated, Final, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right, Scope
from contox_hooks.domain.event import source_label
from contox_hooks.domain.session import Lifecycle
from contox_hooks.memory import activity
from contox_hooks.memory.store import Store
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.live import live_of_all, live_of_project
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

A_PAGE: Final = 12
DAYS: Final = 30
PATH: Final = "/dashboard/sessions"
STATES: Final[tuple[Lifecycle, ...]] = get_args(Lifecycle)

TONES: Final[dict[Lifecycle, str]] = {
    "active": "info", "completed": "idle", "enriching": "busy", "enriched": "good", "failed": "bad",
}  # fmt: skip

_ICONS: Final = {
    "git-hooks": "git", "git-history": "history", "mcp-server": "mcp", "cli": "cli", "cli-auto": "cli",
    "cli-scan": "scan", "mcp-scan": "scan", "vscode": "editor", "cursor": "editor", "windsurf": "editor",
    "antigravity": "editor",
}  # fmt: skip


def icon_of(source: str) -> str:
    return _ICONS.get(source, "other")


@router.get(PATH)
def sessions(
    desk: AtDesk,
    request: Request,
    project: Id = "",
    source: Annotated[Text, Query(max_length=100)] = "",
    status: Annotated[Text, Query(max_length=100)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
) -> Response:
    if project:
        with desk.project(project, Right.READ) as visit:
            return _page(request, Frame.of(visit, "sessions"), visit.service.store, source, status, number)
    with desk.account(Scope.READ) as (service, key):
        return _page(request, Frame.of_all(service, key, "sessions"), service.store, source, status, number)


def _page(
    request: Request, frame: Frame, store: Store, source: str, status: str, number: int
) -> Response:  # fmt: skip
    if frame.project:
        live = live_of_project(store, frame.project.id)
    else:
        live = live_of_all(store, [project.id for project in frame.projects])
    shown = (frame.project,) if frame.project else frame.projects
    ids = [project.id for project in shown]
    lifecycle = next((state for state in STATES if state == status), None)
    listing = activity.sessions_of(
        store, ids, limit=A_PAGE, offset=(number - 1) * A_PAGE, source=source or None, lifecycle=lifecycle
    )
    asked = {"project": frame.project.id if frame.project else "", "source": source, "status": lifecycle or ""}

    def href(to: int) -> str:
        values = {name: value for name, value in {**asked, "page": to if to > 1 else ""}.items() if value}
        return PATH + (f"?{urlencode(values)}" if values else "")

    return page(
        request, "sessions.html", frame, listing=listing, names=frame.names,
        sources=[(one, source_label(one)) for one in activity.sources_of(store, ids)], source=source,
        state=asked["status"], states=[(state, state.capitalize()) for state in STATES], tones=TONES, live=live,
        icon_of=icon_of, here=href(number), is_filtered=bool(source or lifecycle),
        newer=href(number - 1) if number > 1 else None,
        older=href(number + 1) if listing.total > number * A_PAGE else None,
        days=[(day.began_at, day.commits, day.items) for day in activity.days_of(store, ids, days=DAYS)],
        day_count=DAYS,
    )  # fmt: skip
