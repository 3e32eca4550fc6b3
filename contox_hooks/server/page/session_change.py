"""What a session's buttons do: its memory generated, its failed stage run again, itself ended."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import NotFound
from contox_hooks.server.api.declared import Id
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.session_list import PATH

router = APIRouter(include_in_schema=False)

_STARTED: Final = "The session is over, its pipeline is on its way"
_NOTHING_NEW: Final = "Everything in this session is in memory already"


@router.post(PATH + "/{session_id}/generate")
def generate(desk: AtDesk, session_id: Id) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        jobs = visit.service.generate(found.id)
    desk.site.engine.wake(found.project_id, [found.id])
    is_under_way = any(job.status in ("queued", "running") for job in jobs)
    return see_other(f"{PATH}/{found.id}", _STARTED if is_under_way else _NOTHING_NEW)


@router.post(PATH + "/{session_id}/retry")
def retry(desk: AtDesk, session_id: Id) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        try:
            visit.service.jobs.retry(found.id)
        except NotFound:  # somebody was quicker, or it went well meanwhile
            return see_other(f"{PATH}/{found.id}", "No stage of this session waits for a retry", tone="bad")
    desk.site.engine.wake(found.project_id, [found.id])
    return see_other(f"{PATH}/{found.id}", "The failed stage runs again; what was done before it stays")


@router.post(PATH + "/{session_id}/end")
def end(desk: AtDesk, session_id: Id) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        ended = visit.service.sessions.close(found.id, reason="external")
    said = "The session is ended. The next activity starts a new one." if ended else "This session had ended before"
    return see_other(f"{PATH}/{found.id}", said)
