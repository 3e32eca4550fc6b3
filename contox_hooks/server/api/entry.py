"""Entries of a context, a journal that only grows: CONTRACT.md section 1.5."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.entry import MAX_ENTRY, MAX_TAGS, MAX_TITLE
from contox_hooks.server.api.context import Kind, Reference, Source
from contox_hooks.server.api.context_shape import EntryReply, entry_object
from contox_hooks.server.api.declared import CONFLICT, ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["contexts"])


class EntriesReply(BaseModel):
    entries: list[EntryReply]
    total: int
    hasMore: bool
    lastId: str | None


class NewEntry(BaseModel):
    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "contextId": "ctx_1",
                    "title": "Fixed the login",
                    "content": "Clocks may differ.",
                    "idempotencyKey": "1",
                }
            ]
        }
    }

    contextId: Id
    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]
    content: Annotated[str, Field(max_length=MAX_ENTRY)]
    entryType: Kind | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=MAX_TAGS)] | None = None
    idempotencyKey: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    source: Source | None = None
    sourceRef: Reference | None = None


class CompactReply(BaseModel):
    entriesCount: int
    summaryLength: int
    message: str


@router.get(
    "/api/context-entries",
    summary="A context's entries, the newest first",
    description="`cursorAfter` is the `lastId` of the page before.",
    responses={200: {"model": EntriesReply}, **UNCHANGED, **ERRORS},
)
def entries(
    desk: AtDesk,
    request: Request,
    contextId: Id,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursorAfter: Id | None = None,
    entryType: Annotated[Text | None, Query(max_length=100)] = None,
) -> Response:
    with desk.context(contextId, Right.READ) as (visit, _):
        journal = visit.service.entries
        found = journal.page(contextId, limit=limit + 1, after=cursorAfter, entry_type=entryType)
        page = found[:limit]
        value = {
            "entries": [entry_object(entry) for entry in page],
            "total": journal.count(contextId, entry_type=entryType),
            "hasMore": len(found) > limit,
            "lastId": page[-1].id if page else None,
        }
        return tagged(request, value)


@router.post(
    "/api/context-entries",
    status_code=201,
    summary="A new entry",
    description="An `idempotencyKey` that the context has seen gives the first entry again, with status 200.",
    responses={201: {"model": EntryReply}, 200: {"model": EntryReply}, **ERRORS},
)
def add(desk: AtDesk, new: NewEntry) -> Response:
    with desk.context(new.contextId, Right.CONTRIBUTE) as (visit, _):
        entry, is_new = visit.service.entries.add(
            new.contextId, new.title, new.content, entry_type=new.entryType, tags=new.tags or (),
            idempotency_key=new.idempotencyKey, source=new.source, source_ref=new.sourceRef,
        )  # fmt: skip
        return reply(entry_object(entry), status=201 if is_new else 200)


@router.post(
    "/api/contexts/{context_id}/compact",
    summary="Write the entries into the context's content, a line each",
    description="At most 500 at once, the oldest first. The entries stay.",
    responses={200: {"model": CompactReply}, **ERRORS, **CONFLICT},
)
def compact(desk: AtDesk, context_id: Id) -> Response:
    with desk.context(context_id, Right.CONTRIBUTE) as (visit, _):
        done = visit.service.entries.compact(context_id)
        message = f"{done.entries:,} entries compacted, {done.waiting:,} left" if done.entries else "Nothing to compact"
        return reply({"entriesCount": done.entries, "summaryLength": done.characters, "message": message})
