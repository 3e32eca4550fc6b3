"""Contexts, entries and links as Contox's clients read them (CONTRACT.md section 1.5), and their OpenAPI models.

Pure. Invariant: `status` is always a text: the CLI pads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from contox_hooks.memory.context import Context
from contox_hooks.memory.context_link import Link
from contox_hooks.memory.entry import Entry
from contox_hooks.wire.envelope import iso_ms

SYNCED: Final = "SYNCED"
"""What is stored here is what there is: nothing goes stale."""
CHARACTERS_A_TOKEN: Final = 4
"""As the clients count (CONTRACT.md section 6)."""


class ContextReply(BaseModel):
    id: str
    name: str
    description: str | None
    content: str | None
    """null in lists, unless one schema key is asked for."""
    status: str
    files: int
    tokens: int
    lastSynced: str
    projectId: str
    parentContextId: str | None
    schemaKey: str | None
    contextType: str | None
    tier: int | None
    version: int
    contentHash: str
    lastEntryAt: str | None
    state: str
    source: str | None
    sourceRef: str | None
    order: int
    createdAt: str
    updatedAt: str


class NodeReply(BaseModel):
    id: str
    schemaKey: str | None
    name: str
    tier: int | None
    contextType: str | None
    state: str
    lastEntryAt: str | None
    children: list[NodeReply]


class EntryReply(BaseModel):
    id: str
    contextId: str
    title: str
    content: str
    entryType: str | None
    tags: list[str]
    source: str | None
    sourceRef: str | None
    compactedAt: str | None
    createdAt: str


class LinkReply(BaseModel):
    fromSchemaKey: str
    toSchemaKey: str
    linkType: str
    reason: str | None
    confidence: float | None
    source: str | None
    createdAt: str


def context_object(context: Context) -> dict[str, Any]:
    return {
        "id": context.id,
        "name": context.name,
        "description": context.description,
        "content": context.content,
        "status": SYNCED,
        "files": 0,
        "tokens": tokens_of(context.size),
        "lastSynced": iso_ms(context.updated_at),
        "projectId": context.project_id,
        "parentContextId": context.parent_id,
        "schemaKey": context.schema_key,
        "contextType": context.context_type,
        "tier": context.tier,
        "version": context.version,
        "contentHash": context.content_hash,
        "lastEntryAt": maybe_iso(context.last_entry_at),
        "state": context.state,
        "source": context.source,
        "sourceRef": context.source_ref,
        "order": context.position,
        "createdAt": iso_ms(context.created_at),
        "updatedAt": iso_ms(context.updated_at),
    }


def context_tree(contexts: Sequence[Context]) -> list[dict[str, Any]]:
    """Nested by parent; whose parent is not among them stands at the top."""
    nodes: dict[str, dict[str, Any]] = {
        context.id: {
            "id": context.id,
            "schemaKey": context.schema_key,
            "name": context.name,
            "tier": context.tier,
            "contextType": context.context_type,
            "state": context.state,
            "lastEntryAt": maybe_iso(context.last_entry_at),
            "children": [],
        }
        for context in contexts
    }
    top: list[dict[str, Any]] = []
    for context in contexts:
        above = nodes.get(context.parent_id or "")
        (top if above is None else above["children"]).append(nodes[context.id])
    return top


def entry_object(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "contextId": entry.context_id,
        "title": entry.title,
        "content": entry.content,
        "entryType": entry.entry_type,
        "tags": list(entry.tags),
        "source": entry.source,
        "sourceRef": entry.source_ref,
        "compactedAt": maybe_iso(entry.compacted_at),
        "createdAt": iso_ms(entry.created_at),
    }


def link_object(link: Link) -> dict[str, Any]:
    return {
        "fromSchemaKey": link.from_key,
        "toSchemaKey": link.to_key,
        "linkType": link.link_type,
        "reason": link.reason,
        "confidence": link.confidence,
        "source": link.source,
        "createdAt": iso_ms(link.created_at),
    }


def tokens_of(characters: int) -> int:
    return -(-characters // CHARACTERS_A_TOKEN)


def maybe_iso(at: int | None) -> str | None:
    return None if at is None else iso_ms(at)
