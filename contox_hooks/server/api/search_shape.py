"""What a search answers, as values become it and as the OpenAPI document shows it (CONTRACT.md section 1.3)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from contox_hooks.memory.search import SearchHit


class Result(BaseModel):
    itemId: str
    type: str
    title: str
    facts: str
    schemaKey: str
    similarity: float
    confidence: float
    files: list[str]
    status: str
    matchedBy: str
    compositeScore: float | None = None


class SearchReply(BaseModel):
    results: list[Result]
    query: str
    totalCandidates: int


def result(hit: SearchHit, similarity: float, *, composite: bool) -> dict[str, Any]:
    item = hit.item
    told = {
        "itemId": item.id,
        "type": item.type,
        "title": item.title,
        "facts": item.facts,
        "schemaKey": item.schema_key,
        "similarity": similarity,
        "confidence": item.confidence,
        "files": list(item.files),
        "status": item.status,
        "matchedBy": hit.matched_by,
    }
    return {**told, "compositeScore": hit.score} if composite else told
