"""API keys: made, listed, revoked. A key's text is told once.

Invariant: nobody makes, sees or revokes a key that opens what their own does not: a key of one project has to do with
keys of that project alone, and only an owner's with other people's.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Scope
from contox_hooks.domain.error import NotFound
from contox_hooks.memory.access import Key
from contox_hooks.memory.context import kept
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import ERRORS, NOT_KEPT, UNCHANGED, Id
from contox_hooks.server.api.project_shape import KeyReply, NewKeyReply, key_object
from contox_hooks.server.desk import AtDesk, visit_of
from contox_hooks.server.refusal import not_found
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["account"])


class NewKey(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"name": "laptop", "scopes": ["ingest", "read"]}]}}

    name: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] = list(Scope)
    projectId: Id | None = None
    """The one project that it opens; missing: as the key that makes it."""
    personId: Id | None = None
    """Whose it is, for owners; missing: the maker's."""


class Revoked(KeyReply):
    success: bool


@router.get(
    "/api/keys",
    summary="One's own keys, or everybody's for an owner",
    description="Bare array, the oldest first, with those that are revoked.",
    responses={200: {"model": list[KeyReply]}, **UNCHANGED, **ERRORS},
)
def keys(desk: AtDesk, request: Request) -> Response:
    with desk.account(Scope.READ) as (service, key):
        person_id = None if key.is_owner else key.person_id
        found = service.access.keys(person_id=person_id, project_id=key.project_id)
        return tagged(request, [key_object(one) for one in found])


@router.post(
    "/api/keys",
    status_code=201,
    summary="A new key",
    description="For keys with the scope admin. `key` is shown this once.",
    responses={201: {"model": NewKeyReply}, **ERRORS},
)
def create(desk: AtDesk, new: NewKey) -> Response:
    with desk.account(Scope.ADMIN) as (service, key):
        project_id = new.projectId or key.project_id
        if project_id is not None and visit_of(service, key, project_id) is None:
            raise not_found("Project")
        person_id = _person_id(service, key, new.personId)
        made, text = service.access.create_key(
            person_id, kept(new.name), scopes=frozenset(new.scopes), project_id=project_id
        )
        return reply({**key_object(made), "key": text}, status=201, headers=NOT_KEPT)


@router.delete(
    "/api/keys/{key_id}",
    summary="Revoke a key",
    description="It opens nothing from now on, nor does a browser that it let in. Again: the same answer.",
    responses={200: {"model": Revoked}, **ERRORS},
)
def revoke(desk: AtDesk, key_id: Id) -> Response:
    with desk.account(Scope.ADMIN) as (service, key):
        try:
            wanted = service.access.key(key_id)
        except NotFound:
            raise not_found("Key") from None
        is_own = wanted.person_id == key.person_id or key.is_owner
        if not is_own or key.project_id not in (None, wanted.project_id):
            raise not_found("Key")
        service.access.revoke(key_id)
        return reply({"success": True, **key_object(service.access.key(key_id))})


def _person_id(service: Service, key: Key, wanted: str | None) -> str:
    if wanted in (None, key.person_id):
        return key.person_id
    try:
        if key.is_owner and wanted is not None:
            return service.access.person(wanted).id
    except NotFound:
        pass
    raise not_found("Person")
