"""Projects: CONTRACT.md section 1.5. A server is one team, so that no route asks about `teamId`.

Whoever may send events may make a project, as the MCP server does for a repository that has none; it is theirs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Role, Scope
from contox_hooks.memory.project import Project, Visibility
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import ERRORS, NOT_KEPT, UNCHANGED, Id, Text
from contox_hooks.server.api.project_shape import ProjectPage, ProjectReply, project_object
from contox_hooks.server.api.setting import change_settings
from contox_hooks.server.desk import AtDesk, Visit, visible_projects
from contox_hooks.server.effective import effective_of
from contox_hooks.server.refusal import forbidden
from contox_hooks.server.reply import reply, tagged
from contox_hooks.wire.envelope import iso_ms

router = APIRouter(tags=["projects"])

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=5_000)]


class Org(BaseModel):
    id: str
    name: str
    members: int
    createdAt: str


class Orgs(BaseModel):
    orgs: list[Org]


class NewProject(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"name": "shop", "teamId": "team_1"}]}}

    name: Name
    teamId: str | None = None
    description: Description | None = None


class ProjectChange(BaseModel):
    """What is missing stays; null takes away what may be missing, and of `aiTier` means: as the server has it."""

    model_config = {"json_schema_extra": {"examples": [{"description": "The shop", "autoLearn": False}]}}

    name: Name | None = None
    description: Description | None = None
    visibility: Visibility | None = None
    status: Literal["active", "archived"] | None = None
    aiTier: Literal["small", "medium"] | None = None
    autoLearn: bool | None = None
    deepEnrichEnabled: bool | None = None
    repoUrl: Annotated[str, Field(max_length=2_000)] | None = None


class Secret(BaseModel):
    hmacSecret: str


SETTING_OF = {"aiTier": "model", "autoLearn": "auto_learn", "deepEnrichEnabled": "deep_enrich"}
FIELD_OF = {"description": "description", "repoUrl": "repo_url"}
"""What may be missing."""
FIRM_FIELD_OF = {"name": "name", "visibility": "visibility", "status": "status"}


@router.get("/api/orgs", summary="The team of this server", responses={200: {"model": Orgs}, **UNCHANGED, **ERRORS})
def orgs(desk: AtDesk, request: Request) -> Response:
    with desk.account() as (service, _):
        team = service.access.team()
        one = {"id": team.id, "name": team.name, "members": team.members, "createdAt": iso_ms(team.created_at)}
        return tagged(request, {"orgs": [one]})


@router.get(
    "/api/projects",
    summary="The projects that the key may see",
    description="Bare array. With `name` those of exactly this name, the key's own before what is public.",
    responses={200: {"model": list[ProjectReply]}, **UNCHANGED, **ERRORS},
)
def projects(
    desk: AtDesk,
    request: Request,
    teamId: Text | None = None,
    name: Annotated[Text | None, Query(max_length=200)] = None,
) -> Response:
    with desk.account() as (service, key):
        own = service.access.roles(key.person_id)
        found = [project for project in visible_projects(service, key) if name in (None, project.name)]
        found.sort(key=lambda project: not (key.is_owner or project.id in own))
        return tagged(request, _objects(service, found))


@router.post(
    "/api/projects",
    status_code=201,
    summary="A new project",
    description="For keys of no single project that have the scope ingest or admin. Whoever makes it is its admin.",
    responses={201: {"model": ProjectReply}, **ERRORS},
)
def create(desk: AtDesk, new: NewProject) -> Response:
    with desk.account(Scope.INGEST) as (service, key):
        if key.project_id is not None:
            raise forbidden()
        with service.store.transaction():
            project = service.projects.create(new.name, description=new.description)
            service.access.set_member(project.id, key.person_id, Role.ADMIN)
        return reply(_objects(service, [project])[0], status=201)


@router.get(
    "/api/projects/{project_id}",
    summary="One project",
    responses={200: {"model": ProjectPage}, **UNCHANGED, **ERRORS},
)
@router.get(
    "/api/v2/projects/{project_id}",
    summary="One project, as the CLI looks for it before it works",
    responses={200: {"model": ProjectPage}, **UNCHANGED, **ERRORS},
)
def project(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        return tagged(request, _page(visit))


@router.patch(
    "/api/projects/{project_id}",
    summary="Change a project",
    description="For its admins. 403 where the server's plan does not allow the value.",
    responses={200: {"model": ProjectPage}, **ERRORS},
)
def change(desk: AtDesk, project_id: Id, asked: ProjectChange) -> Response:
    given = asked.model_dump(exclude_unset=True)
    with desk.project(project_id, Right.ADMINISTER) as visit, visit.service.store.transaction():
        values = {field: given[name] for name, field in FIELD_OF.items() if name in given}
        values |= {field: given[name] for name, field in FIRM_FIELD_OF.items() if given.get(name) is not None}
        visit.service.projects.change(project_id, **values)
        wanted = {setting: given[name] for name, setting in SETTING_OF.items() if name in given}
        change_settings(visit, wanted)
        return reply(_page(visit))


@router.get(
    "/api/projects/{project_id}/hmac-secret",
    summary="The secret that the project's events are signed with",
    description="Made when first asked for.",
    responses={200: {"model": Secret}, **ERRORS},
)
def hmac_secret(desk: AtDesk, project_id: Id) -> Response:
    with desk.project(project_id, Right.CONTRIBUTE) as visit:
        return reply({"hmacSecret": visit.service.access.ensure_secret(project_id)}, headers=NOT_KEPT)


@router.post(
    "/api/projects/{project_id}/hmac-secret/rotate",
    summary="A new secret",
    description="What is signed with the old one is refused from now on. For admins.",
    responses={200: {"model": Secret}, **ERRORS},
)
def rotate(desk: AtDesk, project_id: Id) -> Response:
    with desk.project(project_id, Right.ADMINISTER) as visit:
        return reply({"hmacSecret": visit.service.access.rotate_secret(project_id)}, headers=NOT_KEPT)


def _page(visit: Visit) -> dict[str, Any]:
    project = visit.service.projects.get(visit.project.id)
    members = len(visit.service.access.members(project.id))
    return {**_objects(visit.service, [project])[0], "memberCount": members}


def _objects(service: Service, found: list[Project]) -> list[dict[str, Any]]:
    team_id, counts = service.access.team().id, service.contexts.counts()
    return [
        project_object(
            project,
            effective_of(service, project.settings).settings,
            team_id=team_id,
            contexts=counts.get(project.id, 0),
        )
        for project in found
    ]
