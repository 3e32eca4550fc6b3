"""/dashboard/sessions/{id}: one session, its pipeline while it runs, its events and jobs; and one event whole.

This very path is what the CLI links to (cli/follow_remote.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.session import ending, lifecycle
from contox_hooks.server.api.declared import Id
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.live import live_of_session
from contox_hooks.server.page.render import page
from contox_hooks.server.page.session_list import PATH, TONES, icon_of
from contox_hooks.server.page.telling import told_of, whole_of
from contox_hooks.server.page.timeline import name_of, state_of, steps_of
from contox_hooks.server.refusal import not_found

router = APIRouter(include_in_schema=False)

EVENTS_A_PAGE: Final = 25

Tab = Literal["events", "jobs"]


@router.get(PATH + "/{session_id}")
def session(
    desk: AtDesk,
    request: Request,
    session_id: Id,
    tab: Tab = "events",
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
) -> Response:
    with desk.session(session_id, Right.READ) as (visit, found):
        service = visit.service
        live = live_of_session(service.store, found.id)
        jobs = service.jobs.of_session(found.id)
        run = service.jobs.latest_run(found.id)
        now_ms = service.store.now_ms()
        waits = run is not None and run.due_ms > now_ms and all(job.status in ("queued", "skipped") for job in jobs)
        first = (number - 1) * EVENTS_A_PAGE
        events = service.sessions.events(found.id, limit=EVENTS_A_PAGE, offset=first) if tab == "events" else []
        state = lifecycle(found, jobs)
        here = f"{PATH}/{found.id}"
        return page(
            request, "session.html", Frame.of(visit, "sessions"), session=found, state=state, tone=TONES[state],
            ending=ending(found),
            icon_of=icon_of, steps=steps_of(jobs, now_ms=now_ms), jobs=jobs, name_of=name_of, state_of=state_of,
            due_at=run.due_ms / 1000 if run is not None and waits else None, here=here, tab=tab,
            url=f"{here}?tab={tab}" + (f"&page={number}" if number > 1 else ""),
            events=[told_of(one) for one in events],
            newer=f"{here}?page={number - 1}" if number > 1 else None,
            older=f"{here}?page={number + 1}" if found.event_count > first + EVENTS_A_PAGE else None,
            can_generate=_can_generate(visit.service.jobs.unprocessed(found.project_id, session_id=found.id), jobs),
            can_retry=any(job.status == "failed" for job in jobs), live=live,
        )  # fmt: skip


def _can_generate(unprocessed: int, jobs: Sequence[Job]) -> bool:
    return unprocessed > 0 and not any(job.status == "running" for job in jobs)


@router.get(PATH + "/{session_id}/events/{event_id}")
def event(desk: AtDesk, request: Request, session_id: Id, event_id: Id) -> Response:
    with desk.session(session_id, Right.READ) as (visit, found):
        try:
            stored = visit.service.sessions.event(found.id, event_id)
        except NotFound:
            raise not_found("Event") from None
        return page(
            request, "event.html", Frame.of(visit, "sessions"), session=found, told=told_of(stored),
            whole=whole_of(stored), here=f"{PATH}/{found.id}",
        )  # fmt: skip
