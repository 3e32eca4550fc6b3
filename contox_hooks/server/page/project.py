"""The projects that somebody may see, as cards, and a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import Response

from contox_hooks.domain.access import Right, Scope
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


MOST: Final = {"name": 200, "description": 5_000, "repo_url": 2_000}
"""Characters, as `api.ProjectChange` has it."""


class New(BaseModel):
    name: Text = ""
    description: Text = ""
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
def create(desk: AtDesk, request: Request, form: Annotated[New, Form()]) -> Response:
    """What was typed stays on the page until it can be taken."""
    name, description = form.name.strip(), form.description.replace("\r\n", "\n").strip()
    if problems := problems_of({"name": name, "description": description}):
        with desk.account(Scope.READ) as (service, key):
            return _page(request, service, key, None, typed=form, problems=problems)
    made = told_by(api.create(desk, api.NewProject(name=name, description=description or None)))
    if form.visibility == "public":
        api.change(desk, made["id"], api.ProjectChange(visibility="public"))
    return see_other(f"{PATH}/{made['id']}/connect", f"{name} is made: this is how clients find it")


def may_create(key: Key) -> bool:
    """As `api.create` has it."""
    return key.project_id is None and not key.scopes.isdisjoint({Scope.INGEST, Scope.ADMIN})


def problems_of(typed: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with what a project is to be called, by field."""
    problems = {
        name: f"longer than {most:,} characters" for name, most in MOST.items() if len(typed.get(name, "")) > most
    }
    return problems if typed.get("name", "x") else {**problems, "name": "a project's name cannot be empty"}


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


def _page(
    request: Request, service: Service, key: Key, visit: Visit | None, *, typed: New | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    frame = Frame.of_all(service, key, "projects") if visit is None else Frame.of(visit, "projects")
    return page(
        request, "projects.html", frame, status=400 if problems else 200, cards=cards_of(service, key),
        may_create=may_create(key), typed=typed or New(), problems=problems or {}, most=MOST,
    )  # fmt: skip
