"""Contexts: CONTRACT.md section 1.5, the layer that Contox's CLI and MCP server still use beside items.

A project is named by `projectId`; `teamId` is taken and not asked about, since a server is one team.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right, Role, is_allowed
from contox_hooks.memory.context import (
    MAX_CONTENT,
    MAX_CONTEXTS,
    MAX_DESCRIPTION,
    MAX_KEY,
    MAX_NAME,
    State,
    check_state,
)
from contox_hooks.server.api.context_shape import ContextReply, context_object
from contox_hooks.server.api.declared import CONFLICT, ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.desk import AtDesk, Visit, visible_projects
from contox_hooks.server.refusal import forbidden
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["contexts"])

LIMIT_OF_ALL = 200
"""Contexts where no project is named; of one project there are all, since clients look for a name among them."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]
Content = Annotated[str, Field(max_length=MAX_CONTENT)]
Key = Annotated[str, Field(min_length=1, max_length=MAX_KEY)]
Kind = Annotated[str, Field(max_length=100)]
Source = Annotated[str, Field(max_length=200)]
Reference = Annotated[str, Field(max_length=500)]
Tier = Annotated[int, Field(ge=1, le=3)]


class NewContext(BaseModel):
    model_config = {
        "json_schema_extra": {"examples": [{"name": "notes.md", "teamId": "team_1", "projectId": "proj_1"}]}
    }

    name: Name
    projectId: Id
    teamId: str | None = None
    description: Description | None = None
    content: Content | None = None
    parentContextId: Id | None = None
    schemaKey: Key | None = None
    contextType: Kind | None = None
    tier: Tier | None = None
    state: State = "draft"


class ContextChange(BaseModel):
    """What is missing stays. A `contentHash` that is sent is not looked at: the server computes it."""

    model_config = {"json_schema_extra": {"examples": [{"content": "# Notes", "source": "cli"}]}}

    name: Name | None = None
    description: Description | None = None
    content: Content | None = None
    order: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None
    version: Annotated[int, Field(ge=0, le=2**53)] | None = None
    state: State | None = None
    source: Source | None = None
    sourceRef: Reference | None = None


class Action(BaseModel):
    model_config = {"json_schema_extra": {"examples": [{"action": "approve"}]}}

    action: Literal["approve", "deprecate"] | None = None


class Ping(BaseModel):
    ok: bool


class Deleted(BaseModel):
    success: bool
    id: str
    childrenMoved: int


@router.get("/api/contexts/__ping__", summary="Is the key good?", responses={200: {"model": Ping}, **ERRORS})
def ping(desk: AtDesk) -> Response:
    with desk.account():
        return reply({"ok": True})


@router.get(
    "/api/contexts",
    summary="A project's contexts, or some of all that the key may see",
    description="Bare array, in the order of `order`, then of time. Without `projectId` at most 200. `content` is null "
    "unless `schemaKey` is given.",
    responses={200: {"model": list[ContextReply]}, **UNCHANGED, **ERRORS},
)
def contexts(
    desk: AtDesk,
    request: Request,
    projectId: Id | None = None,
    teamId: Text | None = None,
    schemaKey: Annotated[Text | None, Query(max_length=MAX_KEY)] = None,
    tier: Annotated[int | None, Query(ge=1, le=3)] = None,
    state: State | None = None,
    contextType: Annotated[Text | None, Query(max_length=100)] = None,
    parentContextId: Id | None = None,
    limit: Annotated[int | None, Query(ge=1, le=MAX_CONTEXTS)] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    asked: dict[str, Any] = {
        "schema_key": schemaKey, "tier": tier, "state": state, "context_type": contextType,
        "parent_id": parentContextId,
    }  # fmt: skip
    if projectId is not None:
        with desk.project(projectId, Right.READ) as visit:
            found = visit.service.contexts.page(projectId, limit=limit or MAX_CONTEXTS, offset=offset, **asked)
            return tagged(request, [context_object(context) for context in found])
    most = min(limit or LIMIT_OF_ALL, LIMIT_OF_ALL)
    with desk.account() as (service, key):
        found = []
        can_read = is_allowed(Right.READ, role=Role.VIEWER, scopes=key.scopes)
        for project in visible_projects(service, key) if can_read else []:
            found += service.contexts.page(project.id, limit=offset + most - len(found), **asked)
            if len(found) >= offset + most:
                break
        return tagged(request, [context_object(context) for context in found[offset:]])


@router.post(
    "/api/contexts",
    status_code=201,
    summary="A new context",
    description="A draft, unless another state is given by somebody who may approve.",
    responses={201: {"model": ContextReply}, **ERRORS, **CONFLICT},
)
def create(desk: AtDesk, new: NewContext) -> Response:
    with desk.project(new.projectId, Right.CONTRIBUTE) as visit:
        _check_state_right(visit, "draft", new.state)
        context = visit.service.contexts.create(
            new.projectId, new.name, description=new.description, content=new.content or "",
            parent_id=new.parentContextId or None, schema_key=new.schemaKey, context_type=new.contextType,
            tier=new.tier, state=new.state,
        )  # fmt: skip
        return reply(context_object(context), status=201)


@router.get(
    "/api/contexts/{context_id}",
    summary="One context with its content",
    responses={200: {"model": ContextReply}, **UNCHANGED, **ERRORS},
)
def context(desk: AtDesk, request: Request, context_id: Id) -> Response:
    with desk.context(context_id, Right.READ) as (_, found):
        return tagged(request, context_object(found))


@router.patch(
    "/api/contexts/{context_id}",
    summary="Change a context",
    description="With `version` only that version is changed, else 409. What changes nothing makes no new version.",
    responses={200: {"model": ContextReply}, **ERRORS, **CONFLICT},
)
def change(desk: AtDesk, context_id: Id, asked: ContextChange) -> Response:
    with desk.context(context_id, Right.CONTRIBUTE) as (visit, found):
        if asked.state is not None:
            _check_state_right(visit, found.state, asked.state)
        values = {
            "name": asked.name, "content": asked.content, "position": asked.order, "state": asked.state,
            "source": asked.source, "source_ref": asked.sourceRef,
        }  # fmt: skip
        given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        if "description" in asked.model_fields_set:
            given["description"] = asked.description
        return reply(context_object(visit.service.contexts.change(context_id, given, version=asked.version)))


@router.delete(
    "/api/contexts/{context_id}",
    summary="Delete a context and its entries",
    description="What stands under it moves to the context above. For editors.",
    responses={200: {"model": Deleted}, **ERRORS},
)
def delete(desk: AtDesk, context_id: Id) -> Response:
    with desk.context(context_id, Right.CURATE) as (visit, _):
        moved = visit.service.contexts.delete(context_id)
        return reply({"success": True, "id": context_id, "childrenMoved": moved})


@router.post(
    "/api/contexts/{context_id}/approve",
    summary="Approve or deprecate a context",
    description="A draft is approved, then deprecated, and never goes back. The action is a query parameter or stands "
    "in the body. For editors.",
    responses={200: {"model": ContextReply}, **ERRORS, **CONFLICT},
)
def approve(
    desk: AtDesk,
    context_id: Id,
    action: Literal["approve", "deprecate"] | None = None,
    asked: Annotated[Action | None, Body()] = None,
) -> Response:
    wanted = action or (asked and asked.action) or "approve"
    state: State = "approved" if wanted == "approve" else "deprecated"
    with desk.context(context_id, Right.CURATE) as (visit, _):
        return reply(context_object(visit.service.contexts.change(context_id, {"state": state})))


def _check_state_right(visit: Visit, current: State, wanted: State) -> None:
    """Raises 403 where this is an approval by somebody who may not, Refused for a way back."""
    check_state(current, wanted)
    if current != wanted and not visit.allows(Right.CURATE):
        raise forbidden()
