"""How the server does: its worker, what waits, what failed, what was spent; for owners also the machine it stands on.

Reads only; a retry is the session's own form.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from contox_hooks import __version__
from contox_hooks.clone import Outgoing, outgoing
from contox_hooks.domain.access import Right, Scope
from contox_hooks.domain.error import StoreError
from contox_hooks.domain.phrase import plural
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.access import Key
from contox_hooks.memory.job import Run
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.model.ledger import Used, dollars, used_today
from contox_hooks.server.api.declared import Id
from contox_hooks.server.desk import AtDesk, visible_projects, visit_of
from contox_hooks.server.engine import Engine
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

FAILURES = 50
"""Shown; the number is of all."""


@dataclass(frozen=True, slots=True)
class Queue:
    due: int
    later: int
    next_ms: int | None
    """When the first of those that are due later is, milliseconds since the epoch."""
    by_project: tuple[tuple[Project, int], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    job: Job
    project: Project
    may_retry: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """For owners alone: it names paths."""

    store: str
    size_bytes: int | None
    """Of the store's files; None: it is a database elsewhere."""
    schema: int
    versions: str
    clones: tuple[tuple[Project, Outgoing], ...]


@router.get("/dashboard/operations")
def operations(desk: AtDesk, request: Request, project: Id = "") -> Response:
    if project:
        with desk.project(project, Right.READ) as visit:
            return _page(request, visit.service, visit.key, Frame.of(visit, "operations"), [visit.project])
    with desk.account(Scope.READ) as (service, key):
        frame = Frame.of_all(service, key, "operations")
        return _page(request, service, key, frame, visible_projects(service, key))


def queue_of(service: Service, projects: Iterable[Project]) -> Queue:
    known = {project.id: project for project in projects}
    waiting = [run for run in service.jobs.waiting() if run.project_id in known]
    now_ms = service.store.now_ms()
    later: list[Run] = [run for run in waiting if run.due_ms > now_ms]
    counts = Counter(run.project_id for run in waiting)
    return Queue(
        len(waiting) - len(later), len(later), min((run.due_ms for run in later), default=None),
        tuple((known[project_id], count) for project_id, count in counts.most_common()),
    )  # fmt: skip


def failures_of(service: Service, key: Key, projects: Iterable[Project]) -> list[Failure]:
    """Latest first."""
    found = []
    for project in projects:
        failed = service.jobs.failed(project.id)
        visit = visit_of(service, key, project.id) if failed else None
        may_retry = visit is not None and visit.allows(Right.CONTRIBUTE)
        found += [Failure(job, project, may_retry) for job in failed]
    return sorted(found, key=lambda failure: failure.job.id, reverse=True)


def spend_of(store: Store, projects: Iterable[Project]) -> list[tuple[Project, Used, str]]:
    """Of the projects that asked a model today, the dearest first, with the money in words."""
    used = used_today(store)
    found = [(project, used[project.id]) for project in projects if project.id in used]
    found.sort(key=lambda entry: (-entry[1].micro_dollars_today, -entry[1].tokens_today))
    return [(project, one, dollars(one.micro_dollars_today)) for project, one in found]


def workers_of(store: Store, engine: Engine) -> str:
    """Who takes runs now, for people. On a file one is started when something is due."""
    alive = engine.workers()
    if isinstance(store.path, Path):
        return "A worker is at it" if alive else "None runs: one is started when something is due"
    return plural(alive, "worker process", "worker processes") if alive else "None runs: start contox-hooks worker"


def machine_of(service: Service, projects: Iterable[Project]) -> Machine:
    store = service.store
    clones = tuple(
        (project, found) for project in projects for found in outgoing(service.projects.clones(project.id))
    )  # fmt: skip
    versions = f"contox-hooks {__version__}, Python {platform.python_version()}"
    return Machine(store.where, _size_bytes(store), store.version, versions, clones)


def _size_bytes(store: Store) -> int | None:
    if not isinstance(store.path, Path):
        return None
    files = (store.path.with_name(store.path.name + suffix) for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _page(request: Request, service: Service, key: Key, frame: Frame, projects: list[Project]) -> Response:
    failures = failures_of(service, key, projects)
    try:
        spend, problem = spend_of(service.store, projects), ""
    except StoreError as error:
        spend, problem = [], error.message
    return page(
        request, "operations.html", frame, workers=workers_of(service.store, request.app.state.site.engine),
        queue=queue_of(service, projects),
        failures=failures[:FAILURES], failed=len(failures), spend=spend, problem=problem,
        machine=machine_of(service, projects) if key.is_unbound_owner else None,
    )  # fmt: skip
