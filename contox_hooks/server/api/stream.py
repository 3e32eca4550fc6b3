"""Live: server-sent events of one session and of a project (ours).

Each stream first tells all it has to tell, then what changes, within a second; a comment every 15 seconds keeps the
line open. An event's id is that of its data. Event names, each with a JSON object as data:

* `sessions`: the session, as GET /api/v2/sessions/:id lists it; of a project `{projectId, total, events, active[]}`.
* `pipeline`: `{sessionId, jobs[], pipeline}` as its /jobs; of a project `{projectId, open, failed, oldest, newest,
  stages{stage: {status: jobs}}}`. A session's `lifecycle` follows from it: lists listen to both.
* `items`, of a project only: `{projectId, at, changed{status: items}}`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import Error, NotFound
from contox_hooks.memory.pulse import items_pulse, pipeline_pulse, sessions_pulse
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.server.api.declared import ERRORS, Id
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.feed import Feed, Topic, version_of
from contox_hooks.server.refusal import Refusal
from contox_hooks.shape.session import jobs_shape, session_shape

router = APIRouter(tags=["live"])

PING_S: Final = 15
RIGHTS_S: Final = 30.0
"""So often is it asked anew whether the key may still listen."""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events, until the client leaves", "content": {"text/event-stream": {}}}
}


@router.get(
    "/api/v2/sessions/{session_id}/stream",
    summary="A session and its pipeline, live (ours)",
    response_class=EventSourceResponse,
    responses={**_STREAM, **ERRORS},
)
def session_stream(desk: AtDesk, request: Request, session_id: Id) -> EventSourceResponse:
    return stream(request, session_topic(session_id), lambda: desk.session(session_id, Right.READ))


@router.get(
    "/api/v2/projects/{project_id}/stream",
    summary="A project's sessions, pipelines and items, live (ours)",
    response_class=EventSourceResponse,
    responses={**_STREAM, **ERRORS},
)
def project_stream(desk: AtDesk, request: Request, project_id: Id) -> EventSourceResponse:
    return stream(request, project_topic(project_id), lambda: desk.project(project_id, Right.READ))


def session_topic(session_id: str) -> Topic:
    def state(store: Store) -> dict[str, Any]:
        service = Service(store)
        try:
            session = service.sessions.get(session_id)
        except NotFound:
            return {}
        jobs = service.jobs.of_session(session_id)
        return {"sessions": session_shape(session, jobs), "pipeline": {"sessionId": session_id, **jobs_shape(jobs)}}

    return Topic(("session", session_id), state)


def project_topic(project_id: str) -> Topic:
    def state(store: Store) -> dict[str, Any]:
        told = {"sessions": sessions_pulse, "pipeline": pipeline_pulse, "items": items_pulse}
        return {name: {"projectId": project_id, **pulse(store, project_id)} for name, pulse in told.items()}

    return Topic(("project", project_id), state)


def stream(request: Request, topic: Topic, visit: Callable[[], AbstractContextManager[Any]]) -> EventSourceResponse:
    """`visit` raises a Refusal where nobody may listen, now or any more."""
    with visit():
        pass  # refused before anything is streamed
    feed: Feed = request.app.state.feed
    # While the server stops the feed ends it; cancelled before that, its answer would be left unfinished.
    return EventSourceResponse(_told(feed, topic, visit), ping=PING_S, sep="\n", shutdown_grace_period=1.0)


async def _told(
    feed: Feed, topic: Topic, visit: Callable[[], AbstractContextManager[Any]]
) -> AsyncIterator[ServerSentEvent]:
    with feed.listening(topic) as listener:
        asked_at = time.monotonic()
        while True:
            try:
                news = await asyncio.wait_for(listener.news(), max(0.0, asked_at + RIGHTS_S - time.monotonic()))
            except TimeoutError:
                news = {}
            if listener.is_over:
                return
            if time.monotonic() - asked_at >= RIGHTS_S:
                asked_at = time.monotonic()
                if not await run_in_threadpool(_may_stay, visit):
                    return
            for name, data in news.items():
                yield ServerSentEvent(data, event=name, id=version_of(data))


def _may_stay(visit: Callable[[], AbstractContextManager[Any]]) -> bool:
    try:
        with visit():
            return True
    except Refusal:
        return False
    except Error:
        return True  # busy: nobody's right was taken away
