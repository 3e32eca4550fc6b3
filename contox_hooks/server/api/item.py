"""Memory items: CONTRACT.md section 1.3, `/api/v2/items`.

Without `status` only active items are listed, as Contox's MCP server expects; its CLI asks for all of them by leaving
the word out, and is known by the `offset` that it always names.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.item import ItemStatus, ItemType
from contox_hooks.embedder import embedder_if_any
from contox_hooks.memory.vector import of_item
from contox_hooks.server.api.declared import ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.api.item_shape import ItemPatch, ItemReply, ItemsReply
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.reply import reply, tagged
from contox_hooks.shape.item import items_object
from contox_hooks.wire.item import STATUS_WORDS, item_object

router = APIRouter(tags=["memory"])

MAX_LIMIT = 200
"""CONTRACT.md section 1.3."""
_ALL = "all"
_SET_BY_NOBODY = "superseded"
"""Follows from another item."""

ItemId = Annotated[str, Path(max_length=200)]


@router.get(
    "/api/v2/items",
    summary="A page of a project's items, the most important and then the newest first",
    responses={200: {"model": ItemsReply}, **UNCHANGED, **ERRORS},
)
def items(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    type: ItemType | None = None,
    schemaKey: Annotated[Text, Query(max_length=200, description="How the key begins: root/security")] = "",
    status: Annotated[str, Query(max_length=40, description="active, review, archived …, or all")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    offset: Annotated[int | None, Query(ge=0, le=10_000_000)] = None,
) -> Response:
    """Without `status`: active items, or all of them where `offset` is named, as Contox's CLI asks. `approved` is
    active, `draft` is review. `importance` is ours, 1 to 5, divided by 5."""
    with desk.project(projectId, Right.READ) as visit:
        told = items_object(
            visit.service, visit.project.id, type=type, schema_key=schemaKey or None,
            status=_wanted(status, is_paged=offset is not None), limit=limit, offset=offset or 0,
        )  # fmt: skip
        return tagged(request, told)


@router.get(
    "/api/v2/items/{item_id}",
    summary="One item, with the lines in git that prove it",
    responses={200: {"model": ItemReply}, **UNCHANGED, **ERRORS},
)
def item(desk: AtDesk, request: Request, item_id: ItemId, includeEmbedding: bool = False) -> Response:
    with desk.item(item_id, Right.READ) as (visit, found):
        told = item_object(found)
        if includeEmbedding:
            embedder = embedder_if_any()
            rows = None if embedder is None else of_item(visit.service.store, found.id, embedder.name)
            told["embedding"] = None if rows is None else rows.astype(float).round(5).tolist()
            told["embeddingModel"] = None if embedder is None else embedder.name
        return tagged(request, told)


@router.patch(
    "/api/v2/items/{item_id}",
    summary="Change what an item says, or approve, deprecate or archive it",
    responses={200: {"model": ItemReply}, 409: ERRORS[400] | {"description": "Its words went into another"}, **ERRORS},
)
def change(
    desk: AtDesk,
    item_id: ItemId,
    body: Annotated[ItemPatch, Body(examples=[{"title": "Keep orders in SQLite", "status": "approved"}])],
) -> Response:
    """For editors with the scope admin. What a person wrote or approved comes to review again only by a change."""
    with desk.item(item_id, Right.CURATE) as (visit, found):
        words, status = body.words(), None if body.status is None else _named(body.status)
        if not words and status is None:
            raise Refusal(400, "nothing to change: title, content, type, status or schemaKey")
        if status == _SET_BY_NOBODY:
            raise Refusal(400, "superseded is what another item makes of it")
        service = visit.service
        with service.store.transaction():
            if words:
                service.reviews.edit(found.id, **words)
            if status is not None:
                service.reviews.decide(found.id, status)
            return reply(item_object(service.items.get(found.id)))


def _wanted(word: str, *, is_paged: bool) -> ItemStatus | None:
    """None: any."""
    if word.lower() == _ALL or (not word and is_paged):
        return None
    return _named(word) if word else "active"


def _named(word: str) -> ItemStatus:
    if word.lower() not in STATUS_WORDS:
        raise Refusal(400, f"status is one of {', '.join(STATUS_WORDS)}")
    return STATUS_WORDS[word.lower()]
