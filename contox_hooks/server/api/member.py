"""Who is on the team, and who does what in a project (CONTRACT.md sections 1.5 and 7).

People are the owners' to add and remove; members of a project are its admins'. Invariant: the last owner stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Role, Scope
from contox_hooks.domain.error import NotFound
from contox_hooks.memory.access import Access, Key, Person
from contox_hooks.memory.context import kept
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import CONFLICT, ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.api.project_shape import MemberReply, PersonReply, member_object, person_object
from contox_hooks.server.desk import AtDesk, Desk, Visit
from contox_hooks.server.refusal import Refusal, forbidden, not_found
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["account"])

Name = Annotated[Text, Field(min_length=1, max_length=200)]


class NewMember(BaseModel):
    """By name or by id."""

    model_config = {"json_schema_extra": {"examples": [{"name": "ada", "role": "editor"}]}}

    name: Name | None = None
    personId: Id | None = None
    role: Role = Role.WRITER


class MemberChange(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"role": "viewer"}]}}

    role: Role


class NewPerson(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"name": "grace", "role": "member"}]}}

    name: Name
    role: Literal["owner", "member"] = "member"


class Removed(BaseModel):
    success: bool
    id: str


@router.get(
    "/api/projects/{project_id}/members",
    summary="A project's members",
    description="Bare array. Owners are admins of every project without being members.",
    responses={200: {"model": list[MemberReply]}, **UNCHANGED, **ERRORS},
)
def members(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        return tagged(request, [member_object(member) for member in visit.service.access.members(project_id)])


@router.post(
    "/api/projects/{project_id}/members",
    status_code=201,
    summary="A person of the team becomes a member",
    description="Who is one already gets the new role.",
    responses={201: {"model": MemberReply}, **ERRORS},
)
def add(desk: AtDesk, project_id: Id, new: NewMember) -> Response:
    with desk.project(project_id, Right.ADMINISTER) as visit:
        person = _person(visit.service.access, name=new.name, person_id=new.personId)
        return reply(_with_role(visit, person, new.role), status=201)


@router.patch(
    "/api/projects/{project_id}/members/{person_id}",
    summary="Another role",
    responses={200: {"model": MemberReply}, **ERRORS},
)
def change(desk: AtDesk, project_id: Id, person_id: Id, asked: MemberChange) -> Response:
    with desk.project(project_id, Right.ADMINISTER) as visit:
        known = {member.person.id: member.person for member in visit.service.access.members(project_id)}
        if person_id not in known:
            raise not_found("Member")
        return reply(_with_role(visit, known[person_id], asked.role))


@router.delete(
    "/api/projects/{project_id}/members/{person_id}",
    summary="A member leaves",
    responses={200: {"model": Removed}, **ERRORS},
)
def remove(desk: AtDesk, project_id: Id, person_id: Id) -> Response:
    with desk.project(project_id, Right.ADMINISTER) as visit:
        if not visit.service.access.remove_member(project_id, person_id):
            raise not_found("Member")
        return reply({"success": True, "id": person_id})


@router.get(
    "/api/team",
    summary="The people of this server",
    description="Bare array. For owners.",
    responses={200: {"model": list[PersonReply]}, **UNCHANGED, **ERRORS},
)
def team(desk: AtDesk, request: Request) -> Response:
    with _owners(desk, Scope.READ) as (service, _):
        return tagged(request, [person_object(person) for person in service.access.people()])


@router.post(
    "/api/team",
    status_code=201,
    summary="A new person",
    description="For owners. Without a key nobody comes in: `POST /api/keys` with the person's id makes the first.",
    responses={201: {"model": PersonReply}, **ERRORS, **CONFLICT},
)
def invite(desk: AtDesk, new: NewPerson) -> Response:
    with _owners(desk, Scope.ADMIN) as (service, _):
        person = service.access.add_person(kept(new.name), is_owner=new.role == "owner")
        return reply(person_object(person), status=201)


@router.delete(
    "/api/team/{person_id}",
    summary="A person leaves",
    description="With all keys and memberships. For owners; 409 for the last of them.",
    responses={200: {"model": Removed}, **ERRORS, **CONFLICT},
)
def dismiss(desk: AtDesk, person_id: Id) -> Response:
    with _owners(desk, Scope.ADMIN) as (service, _):
        service.access.remove_person(_person(service.access, person_id=person_id).id)
        return reply({"success": True, "id": person_id})


@contextmanager
def _owners(desk: Desk, scope: Scope) -> Iterator[tuple[Service, Key]]:
    """The team is no project's: a key of one does not do."""
    with desk.account(scope) as (service, key):
        if not key.is_unbound_owner:
            raise forbidden()
        yield service, key


def _person(access: Access, *, name: str | None = None, person_id: str | None = None) -> Person:
    try:
        if person_id is not None:
            return access.person(person_id)
        if name is not None:
            return access.named(name)
    except NotFound:
        raise not_found("Person") from None
    raise Refusal(400, "name is required")


def _with_role(visit: Visit, person: Person, role: Role) -> dict[str, object]:
    access = visit.service.access
    access.set_member(visit.project.id, person.id, role)
    [member] = [member for member in access.members(visit.project.id) if member.person.id == person.id]
    return member_object(member)
