"""How a page stays true: which stream it listens to, and what of that it shows already.

Must not know what pages show. Invariant: what a page says it has seen was read before the rest of it, so that a change
in between is told again, never missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse

from contox_hooks.domain.access import Scope
from contox_hooks.memory.store import Store
from contox_hooks.server.api.stream import project_topic, session_topic, stream
from contox_hooks.server.desk import AtDesk, visible_projects
from contox_hooks.server.feed import Topic, as_told, version_of
from contox_hooks.server.refusal import forbidden

ALL: Final = "/dashboard/stream"

router = APIRouter(include_in_schema=False)


class Live(NamedTuple):
    url: str
    seen: str
    """`name:id` of each event that the page has seen, between spaces."""


def live_of_project(store: Store, project_id: str) -> Live:
    return _live(store, f"/api/v2/projects/{project_id}/stream", project_topic(project_id))


def live_of_session(store: Store, session_id: str) -> Live:
    return _live(store, f"/api/v2/sessions/{session_id}/stream", session_topic(session_id))


def live_of_all(store: Store, project_ids: Sequence[str]) -> Live:
    """Of all projects that the caller may see."""
    return _live(store, ALL, _topic(project_ids))


def _live(store: Store, url: str, topic: Topic) -> Live:
    told = as_told(topic.state(store))
    return Live(url, " ".join(f"{name}:{version_of(data)}" for name, data in told.items()))


def _topic(project_ids: Sequence[str]) -> Topic:
    topics = [project_topic(project_id) for project_id in project_ids]

    def state(store: Store) -> dict[str, Any]:
        told: dict[str, list[Any]] = {}
        for topic in topics:
            for name, data in topic.state(store).items():
                told.setdefault(name, []).append(data)
        return told

    return Topic(("all", tuple(project_ids)), state)


@router.get(ALL)
def all_stream(desk: AtDesk, request: Request) -> EventSourceResponse:
    with desk.account(Scope.READ) as (service, key):
        allowed = [project.id for project in visible_projects(service, key)]

    @contextmanager
    def visit() -> Iterator[None]:
        with desk.account(Scope.READ) as (service, key):
            if [project.id for project in visible_projects(service, key)] != allowed:
                raise forbidden("Other projects than before")  # the browser comes again, and is told of those
            yield

    return stream(request, _topic(allowed), visit)
