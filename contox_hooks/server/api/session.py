"""Sessions: listed, opened, closed, enriched (CONTRACT.md section 1.2), and their events.

Oddities: `status=active` finds every open session, whatever its pipeline does; `completed` also those with memory.
`Generate Memory` ends the session (section 4). With nothing to do it answers `jobId: null`, `status: "done"`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.pipeline import STAGES
from contox_hooks.server.api.declared import ERRORS, Error, Id, Text
from contox_hooks.server.api.session_shape import (
    EventsReply,
    JobsReply,
    SessionsReply,
    WholeSessionReply,
)
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.effective import effective_of
from contox_hooks.server.refusal import Refusal, not_found
from contox_hooks.server.reply import reply, tagged
from contox_hooks.shape.session import StatusWord, events_object, jobs_shape, sessions_object, whole_session_shape
from contox_hooks.wire.members import Malformed
from contox_hooks.wire.request import HEADER_SOURCE, SOURCE, source_name

router = APIRouter(tags=["sessions"])

STREAM_HEADER = "X-Contox-Stream"
"""Where the list's changes are streamed (stream.py): a path on this server."""
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "If-None-Match named this answer"}}


class OpenSession(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"projectId": "proj_1", "source": "vscode"}]}}

    projectId: Id
    source: Annotated[Text, Field(json_schema_extra={"pattern": SOURCE})] | None = None
    """`api` where none is named."""


class ChangeSession(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"status": "closed"}]}}

    status: Literal["closed", "completed"]


class SessionOpened(BaseModel):
    ok: bool
    sessionId: str


class SessionChanged(SessionOpened):
    status: str
    """closed."""


class EnrichReply(BaseModel):
    sessionId: str
    jobId: str | None
    status: str
    """queued, running, done."""
    pipeline: list[str]


@router.get(
    "/api/v2/sessions",
    summary="Sessions of a project, newest first",
    responses={200: {"model": SessionsReply}, **_UNCHANGED, **ERRORS},
)
def sessions(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    status: StatusWord | None = None,
    source: Annotated[Text | None, Query(max_length=100)] = None,
) -> Response:
    with desk.project(projectId, Right.READ) as visit:
        told = sessions_object(
            visit.service, visit.project.id, limit=limit, offset=offset, status=status, source=source
        )
    answer = tagged(request, told)
    answer.headers[STREAM_HEADER] = f"/api/v2/projects/{projectId}/stream"
    return answer


@router.post(
    "/api/v2/sessions",
    summary="Open a session, or find the one that this source has open",
    status_code=201,
    responses={201: {"model": SessionOpened}, 200: {"model": SessionOpened, "description": "It was open"}, **ERRORS},
)
def open_session(desk: AtDesk, body: OpenSession) -> Response:
    try:
        source = HEADER_SOURCE if body.source is None else source_name(body.source)
    except Malformed as problem:
        raise Refusal(400, str(problem)) from None
    with desk.project(body.projectId, Right.CONTRIBUTE) as visit:
        session_id, is_new = visit.service.sessions.ensure(visit.project.id, source)
    return reply({"ok": True, "sessionId": session_id}, status=201 if is_new else 200)


@router.get(
    "/api/v2/sessions/{session_id}",
    summary="One session",
    responses={200: {"model": WholeSessionReply}, **_UNCHANGED, **ERRORS},
)
def session(desk: AtDesk, request: Request, session_id: Id) -> Response:
    with desk.session(session_id, Right.READ) as (visit, found):
        jobs = visit.service.jobs.of_session(found.id)
        model = effective_of(visit.service, visit.project.settings).settings.model
        return tagged(request, whole_session_shape(found, jobs, model=model))


@router.patch(
    "/api/v2/sessions/{session_id}",
    summary="Close a session; one that is closed stays so",
    responses={200: {"model": SessionChanged}, **ERRORS},
)
def change_session(desk: AtDesk, session_id: Id, body: ChangeSession) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        visit.service.sessions.close(found.id, reason="external")
    return reply({"ok": True, "sessionId": session_id, "status": "closed"})


@router.get(
    "/api/v2/sessions/{session_id}/events",
    summary="What happened in a session, in the order it happened (ours)",
    responses={200: {"model": EventsReply}, **_UNCHANGED, **ERRORS},
)
def events(
    desk: AtDesk,
    request: Request,
    session_id: Id,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    with desk.session(session_id, Right.READ) as (visit, found):
        told = events_object(visit.service, found, limit=limit, offset=offset)
    return tagged(request, told)


@router.post(
    "/api/v2/sessions/{session_id}/enrich",
    summary="Generate Memory: end the session and run its pipeline",
    responses={200: {"model": EnrichReply}, **ERRORS},
)
def enrich(desk: AtDesk, session_id: Id) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        jobs = visit.service.generate(found.id)
    desk.site.engine.wake(found.project_id, [found.id])
    under_way = next((job for job in jobs if job.status in ("queued", "running")), None)
    told = {"sessionId": found.id, "jobId": None, "status": "done", "pipeline": [str(stage) for stage in STAGES]}
    return reply(told if under_way is None else {**told, "jobId": under_way.id, "status": under_way.status})


@router.get(
    "/api/v2/sessions/{session_id}/jobs",
    summary="The newest run of a session's pipeline, stage by stage",
    responses={200: {"model": JobsReply}, **_UNCHANGED, **ERRORS},
)
def jobs(desk: AtDesk, request: Request, session_id: Id) -> Response:
    with desk.session(session_id, Right.READ) as (visit, found):
        return tagged(request, jobs_shape(visit.service.jobs.of_session(found.id)))


@router.post(
    "/api/v2/sessions/{session_id}/jobs/{job_id}/retry",
    summary="Run the pipeline again from the stage that failed; what was done before stays (ours)",
    responses={200: {"model": JobsReply}, 409: {"model": Error, "description": "It did not fail"}, **ERRORS},
)
def retry(desk: AtDesk, session_id: Id, job_id: Id) -> Response:
    with desk.session(session_id, Right.CONTRIBUTE) as (visit, found):
        service = visit.service
        with service.store.transaction():
            newest = {job.id: job for job in service.jobs.of_session(found.id)}
            if job_id not in newest:
                raise not_found("Job")
            if newest[job_id].status == "failed":
                service.jobs.retry(found.id)
            elif newest[job_id].status not in ("queued", "running"):  # asked twice is asked once
                raise Refusal(409, "Only a failed job can be retried")
            now = service.jobs.of_session(found.id)
    desk.site.engine.wake(found.project_id, [found.id])
    return reply(jobs_shape(now))
