"""Who does what in a project; for owners also who is on the team."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Role
from contox_hooks.server.api import member as api
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.doing import done
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.project import PATH
from contox_hooks.server.page.render import page
from contox_hooks.server.page.setting import tabs

router = APIRouter(include_in_schema=False)

MEANING: Final[dict[Role, str]] = {
    Role.VIEWER: "reads", Role.WRITER: "sends events, starts the pipeline", Role.EDITOR: "decides what is remembered",
    Role.ADMIN: "settings, members, keys",
}  # fmt: skip
"""Each also does what those before it do (domain/access.py)."""


class New(BaseModel):
    name: Text = Field(default="", max_length=200)
    role: Role = Role.WRITER
    is_new: bool = False
    """A person who is not on the team yet."""


class Change(BaseModel):
    role: Role


@router.get(PATH + "/{project_id}/members")
def members(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        access = visit.service.access
        people, found = access.people(), access.members(project_id)
        is_owner = visit.key.is_unbound_owner
        known = {member.person.id for member in found}
        return page(
            request, "members.html", Frame.of(visit, "projects"), project=visit.project, tabs=tabs(visit, "members"),
            members=found, others=[one.name for one in people if one.id not in known] if is_owner else [],
            roles=[(str(role), f"{role}: {told}") for role, told in MEANING.items()], is_owner=is_owner,
            owners=[one.name for one in people if one.is_owner], may=visit.allows(Right.ADMINISTER),
            base=f"{PATH}/{project_id}/members",
        )  # fmt: skip


@router.post(PATH + "/{project_id}/members")
def add(desk: AtDesk, project_id: Id, form: Annotated[New, Form()]) -> Response:
    name, to = form.name.strip(), f"{PATH}/{project_id}/members"
    if not name:
        return see_other(to, "nobody was named", tone="bad")

    def act() -> None:
        if form.is_new:
            api.invite(desk, api.NewPerson(name=name))
        api.add(desk, project_id, api.NewMember(name=name, role=form.role))

    more = ": without a key nobody comes in, Keys and secret makes one" if form.is_new else ""
    return done(act, to, f"{name} is {form.role} now{more}")


@router.post(PATH + "/{project_id}/members/{person_id}")
def change(desk: AtDesk, project_id: Id, person_id: Id, form: Annotated[Change, Form()]) -> Response:
    to = f"{PATH}/{project_id}/members"
    return done(lambda: api.change(desk, project_id, person_id, api.MemberChange(role=form.role)), to, "Saved")


@router.post(PATH + "/{project_id}/members/{person_id}/remove")
def remove(desk: AtDesk, project_id: Id, person_id: Id) -> Response:
    to = f"{PATH}/{project_id}/members"
    return done(lambda: api.remove(desk, project_id, person_id), to, "No longer a member")
