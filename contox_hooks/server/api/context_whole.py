"""All contexts of a project at once: the tree, the document, search, and what scanners write (CONTRACT.md 1.5)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.context import Context, ascii_lower
from contox_hooks.memory.context_brain import context_brain
from contox_hooks.memory.populate import Node, populate
from contox_hooks.server.api.context import Content, Description, Key, Kind, Name, Source, Tier
from contox_hooks.server.api.context_shape import NodeReply, context_tree, tokens_of
from contox_hooks.server.api.declared import CONFLICT, ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["contexts"])

LIMITS = r"^([^,]+:[0-9]{1,6}(,[^,]+:[0-9]{1,6})*)?$"
MAX_NODES = 50
"""A request's; clients cut their scans accordingly."""
SNIPPETS = 3
AROUND = 80
"""Characters of a snippet on each side of what was found."""


class TreeReply(BaseModel):
    tree: list[NodeReply]
    total: int


class ContextBrainReply(BaseModel):
    document: str
    tokenEstimate: int
    loadedContexts: int
    availableContexts: int
    brainRevision: str
    brainHash: str
    tree: list[NodeReply]


class Found(BaseModel):
    id: str
    name: str
    description: str | None
    parentContextId: str | None
    matchType: str
    snippets: list[str]


class NewNode(BaseModel):
    schemaKey: Key
    name: Name
    content: Content | None = None
    description: Description | None = None
    contextType: Kind | None = None
    tier: Tier | None = None
    parentSchemaKey: Key | None = None


class Population(BaseModel):
    model_config = {
        "json_schema_extra": {
            "examples": [
                {"projectId": "proj_1", "nodes": [{"schemaKey": "root/api", "name": "API", "content": "GET /orders"}]}
            ]
        }
    }

    projectId: Id
    teamId: str | None = None
    nodes: Annotated[list[NewNode], Field(max_length=MAX_NODES)]
    dryRun: bool | None = None
    source: Source | None = None


class PopulationReply(BaseModel):
    runId: str
    dryRun: bool
    created: int
    updated: int
    unchanged: int
    errors: int
    """Always 0: a request with an error changes nothing. The MCP server adds it up, the CLI goes through a true one."""


@router.get(
    "/api/contexts/tree",
    summary="A project's contexts as a tree",
    responses={200: {"model": TreeReply}, **UNCHANGED, **ERRORS},
)
def tree(desk: AtDesk, request: Request, projectId: Id, teamId: Text | None = None) -> Response:
    with desk.project(projectId, Right.READ) as visit:
        found = visit.service.contexts.page(projectId)
        return tagged(request, {"tree": context_tree(found), "total": len(found)})


@router.get(
    "/api/contexts/brain",
    summary="A project's approved contexts as one Markdown document",
    description="`entriesLimit`: `key:number` pairs joined with commas, the newest entries of a context that are told.",
    responses={200: {"model": ContextBrainReply}, **UNCHANGED, **ERRORS},
)
def brain(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    teamId: Text | None = None,
    includeDrafts: bool = False,
    entriesLimit: Annotated[Text, Query(max_length=2_000, pattern=LIMITS)] = "",
) -> Response:
    limits = _limits(entriesLimit)
    with desk.project(projectId, Right.READ) as visit:
        found = context_brain(
            visit.service.store, projectId, visit.project.name, include_drafts=includeDrafts, entry_limits=limits
        )
        value: dict[str, Any] = {
            "document": found.document,
            "tokenEstimate": tokens_of(len(found.document)),
            "loadedContexts": found.loaded,
            "availableContexts": found.available,
            "brainRevision": found.revision,
            "brainHash": found.hash,
            "tree": context_tree(found.contexts),
        }
        return tagged(request, value)


def _limits(text: str) -> dict[str, int]:
    pairs = (pair.rpartition(":") for pair in filter(None, text.split(",")))
    return {key: int(number) for key, _, number in pairs}


@router.get(
    "/api/contexts/search",
    summary="Contexts that hold these words as they stand",
    description="Bare array, at most 50. Items are searched by meaning: `/api/v2/search`.",
    responses={200: {"model": list[Found]}, **UNCHANGED, **ERRORS},
)
def search(
    desk: AtDesk, request: Request, projectId: Id, q: Annotated[Text, Query(min_length=1, max_length=500)]
) -> Response:
    with desk.project(projectId, Right.READ) as visit:
        found = visit.service.contexts.found(projectId, q)
        return tagged(request, [_found(context, q) for context in found])


def _found(context: Context, query: str) -> dict[str, Any]:
    texts = {"name": context.name, "description": context.description or "", "content": context.content or ""}
    wanted = ascii_lower(query)
    where = next((name for name, text in texts.items() if wanted in ascii_lower(text)), "content")
    return {
        "id": context.id,
        "name": context.name,
        "description": context.description,
        "parentContextId": context.parent_id,
        "matchType": where,
        "snippets": _snippets(texts[where], wanted),
    }


def _snippets(text: str, wanted: str) -> list[str]:
    snippets: list[str] = []
    low, at = ascii_lower(text), 0
    while len(snippets) < SNIPPETS and (at := low.find(wanted, at)) >= 0:
        snippets.append(text[max(0, at - AROUND) : at + len(wanted) + AROUND])
        at += len(wanted) + AROUND
    return snippets


@router.post(
    "/api/contexts/populate",
    summary="Write up to 50 contexts by schema key",
    description="What is not there is made, as a draft; what says something else is changed. A node whose "
    "`parentSchemaKey` is unknown stands at the top.",
    responses={200: {"model": PopulationReply}, **ERRORS, **CONFLICT},
)
def write(desk: AtDesk, asked: Population) -> Response:
    nodes = [
        Node(
            node.schemaKey, node.name, node.content, node.description, node.contextType, node.tier, node.parentSchemaKey
        )
        for node in asked.nodes
    ]
    dry_run = bool(asked.dryRun)
    with desk.project(asked.projectId, Right.CONTRIBUTE) as visit:
        done = populate(visit.service.store, asked.projectId, nodes, source=asked.source, dry_run=dry_run)
        return reply(
            {
                "runId": done.run_id,
                "dryRun": dry_run,
                "created": done.created,
                "updated": done.updated,
                "unchanged": done.unchanged,
                "errors": 0,
            }
        )
