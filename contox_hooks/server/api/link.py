"""Links between a project's schema keys: CONTRACT.md section 1.5."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.context import MAX_KEY
from contox_hooks.memory.context_link import LinkType
from contox_hooks.server.api.context import Key, Source
from contox_hooks.server.api.context_shape import LinkReply, link_object
from contox_hooks.server.api.declared import CONFLICT, ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["contexts"])


class LinksReply(BaseModel):
    outgoing: list[LinkReply]
    incoming: list[LinkReply]


class NewLink(BaseModel):
    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "projectId": "proj_1",
                    "fromSchemaKey": "root/api",
                    "toSchemaKey": "root/data",
                    "linkType": "depends-on",
                }
            ]
        }
    }

    projectId: Id
    teamId: str | None = None
    fromSchemaKey: Key
    toSchemaKey: Key
    linkType: LinkType
    reason: Annotated[str, Field(max_length=2_000)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    source: Source | None = None


@router.get(
    "/api/context-links",
    summary="What a schema key is linked to",
    responses={200: {"model": LinksReply}, **UNCHANGED, **ERRORS},
)
def links(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    schemaKey: Annotated[Text, Query(min_length=1, max_length=MAX_KEY)],
    teamId: Text | None = None,
    direction: Literal["both", "outgoing", "incoming"] = "both",
) -> Response:
    with desk.project(projectId, Right.READ) as visit:
        kept = visit.service.links
        outgoing = kept.outgoing(projectId, schemaKey) if direction != "incoming" else []
        incoming = kept.incoming(projectId, schemaKey) if direction != "outgoing" else []
        value = {
            "outgoing": [link_object(link) for link in outgoing],
            "incoming": [link_object(link) for link in incoming],
        }
        return tagged(request, value)


@router.post(
    "/api/context-links",
    status_code=201,
    summary="Link two schema keys",
    description="The same link again takes the new reason and confidence. The keys need no context yet.",
    responses={201: {"model": LinkReply}, **ERRORS, **CONFLICT},
)
def add(desk: AtDesk, new: NewLink) -> Response:
    with desk.project(new.projectId, Right.CONTRIBUTE) as visit:
        link = visit.service.links.add(
            new.projectId, new.fromSchemaKey, new.toSchemaKey, new.linkType, reason=new.reason,
            confidence=new.confidence, source=new.source,
        )  # fmt: skip
        return reply(link_object(link), status=201)
