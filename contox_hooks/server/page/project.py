"""The projects that somebody may see, as cards, and a new one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Scope
from contox_hooks.domain.error import UsageError
from contox_hooks.memory.access import Key
from contox_hooks.memory.project import Project
from contox_hooks.memory.pulse import sessions_pulse
from contox_hooks.memory.service import Service
from contox_hooks.server.api import project as api
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk, Visit, visible_projects, visit_of
from contox_hooks.server.page.doing import told_by
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

PATH = "/dashboard/projects"


class New(BaseModel):
    name: Text = Field(default="", max_length=200)
    description: Text = Field(default="", max_length=5_000)
    visibility: Literal["private", "public"] = "private"


@dataclass(frozen=True, slots=True)
class Card:
    project: Project
    role: str
    sessions: int
    items: int
    """Active ones."""
    doubtful: int
    """In review."""
    waiting: int
    """Runs of the pipeline."""
    failed: int


@router.get(PATH)
def projects(desk: AtDesk, request: Request, project: Id = "") -> Response:
    if project:
        with desk.project(project, Right.READ) as visit:
            return _page(request, visit.service, visit.key, visit)
    with desk.account(Scope.READ) as (service, key):
        return _page(request, service, key, None)


@router.post(PATH)
def create(desk: AtDesk, form: Annotated[New, Form()]) -> Response:
    name = form.name.strip()
    if not name:
        return see_other(PATH, "a project's name cannot be empty", tone="bad")
    try:
        made = told_by(api.create(desk, api.NewProject(name=name, description=form.description.strip() or None)))
    except UsageError as error:
        return see_other(PATH, error.message, tone="bad")
    if form.visibility == "public":
        api.change(desk, made["id"], api.ProjectChange(visibility="public"))
    return see_other(f"{PATH}/{made['id']}/connect", f"{name} is made: this is how clients find it")


def may_create(key: Key) -> bool:
    """As `api.create` has it."""
    return key.project_id is None and not key.scopes.isdisjoint({Scope.INGEST, Scope.ADMIN})


def cards_of(service: Service, key: Key) -> list[Card]:
    waiting = Counter(run.project_id for run in service.jobs.waiting())
    return [_card(service, key, project, waiting[project.id]) for project in visible_projects(service, key)]


def _card(service: Service, key: Key, project: Project, waiting: int) -> Card:
    visit = visit_of(service, key, project.id)
    items = service.items.counts_by_status(project.id)
    return Card(
        project, "" if visit is None else str(visit.role), sessions_pulse(service.store, project.id)["total"],
        items.get("active", 0), items.get("review", 0), waiting, len(service.jobs.failed(project.id)),
    )  # fmt: skip


def _page(request: Request, service: Service, key: Key, visit: Visit | None) -> Response:
    frame = Frame.of_all(service, key, "projects") if visit is None else Frame.of(visit, "projects")
    return page(request, "projects.html", frame, cards=cards_of(service, key), may_create=may_create(key))
