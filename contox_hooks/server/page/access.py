"""What opens a project: API keys, and the secret that its events are signed with.

Invariants: a new key's text is on the answer to its form and nowhere else, neither in an address nor in a cookie, which
is why this one form does not lead on; the secret is on no page that did not ask for it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Scope
from contox_hooks.domain.error import UsageError
from contox_hooks.memory.access import Key
from contox_hooks.memory.service import Service
from contox_hooks.server.api import key as key_api
from contox_hooks.server.api import project as project_api
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk, Desk
from contox_hooks.server.page.doing import done, told_by
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.project import PATH
from contox_hooks.server.page.render import page
from contox_hooks.server.page.setting import tabs

router = APIRouter(include_in_schema=False)

MEANING = [
    (Scope.READ, "read sessions and memory"), (Scope.INGEST, "send events, start the pipeline"),
    (Scope.ADMIN, "whatever its person's role allows"),
]  # fmt: skip


class New(BaseModel):
    name: Text = Field(default="", max_length=200)
    scope: list[Scope] = Field(default=[], max_length=len(Scope))
    reach: Text = Field(default="project", max_length=20)
    """`project`: this one alone; else all of its person's."""
    person: Id = ""


class Rotation(BaseModel):
    sure: bool = False


@router.get(PATH + "/{project_id}/access")
def access(
    desk: AtDesk, request: Request, project_id: Id, show: Annotated[Text, Query(max_length=20)] = ""
) -> Response:
    """`show=secret`: with the signing secret."""
    return _page(desk, request, project_id, show=show == "secret")


@router.post(PATH + "/{project_id}/keys")
def create(desk: AtDesk, request: Request, project_id: Id, form: Annotated[New, Form()]) -> Response:
    name, to = form.name.strip(), f"{PATH}/{project_id}/access"
    if not name or not form.scope:
        return see_other(to, "a key needs a name and a scope", tone="bad")
    new = key_api.NewKey(
        name=name, scopes=form.scope, projectId=project_id if form.reach == "project" else None,
        personId=form.person or None,
    )  # fmt: skip
    try:
        made = told_by(key_api.create(desk, new))
    except UsageError as error:
        return see_other(to, error.message, tone="bad")
    return _page(desk, request, project_id, made=made["key"])


@router.post(PATH + "/{project_id}/keys/{key_id}/revoke")
def revoke(desk: AtDesk, project_id: Id, key_id: Id) -> Response:
    to = f"{PATH}/{project_id}/access"
    return done(lambda: key_api.revoke(desk, key_id), to, "Revoked: it opens nothing from now on")


@router.post(PATH + "/{project_id}/secret")
def rotate(desk: AtDesk, project_id: Id, form: Annotated[Rotation, Form()]) -> Response:
    to = f"{PATH}/{project_id}/access"
    if not form.sure:
        return see_other(to, "the secret stays: tick that you are sure to make a new one", tone="bad")
    said = "There is a new secret; what is signed with the old one is refused from now on"
    return done(lambda: project_api.rotate(desk, project_id), to, said)


def keys_of(service: Service, key: Key, project_id: str) -> list[Key]:
    """Those that open the project and that the caller may know of, as `GET /api/keys` has it; open ones first."""
    found = service.access.keys(person_id=None if key.is_owner else key.person_id, project_id=key.project_id)
    opening = [one for one in found if one.project_id in (None, project_id)]
    return sorted(opening, key=lambda one: (one.revoked_at is not None, -one.created_at))


def _page(desk: Desk, request: Request, project_id: str, *, show: bool = False, made: str = "") -> Response:
    """`made`: the text of a key that was just made."""
    with desk.project(project_id, Right.CONTRIBUTE if show else Right.READ) as visit:
        service, key = visit.service, visit.key
        return page(
            request, "access.html", Frame.of(visit, "projects"), project=visit.project, tabs=tabs(visit, "access"),
            keys=keys_of(service, key, project_id), scopes=MEANING, made=made,
            secret=service.access.ensure_secret(project_id) if show else None,
            people=service.access.people() if key.is_unbound_owner else [], own_id=key.person_id,
            may_show=visit.allows(Right.CONTRIBUTE), may_rotate=visit.allows(Right.ADMINISTER),
            may_make=Scope.ADMIN in key.scopes, is_bound=key.project_id is not None, base=f"{PATH}/{project_id}",
        )  # fmt: skip
