"""What a search answers (CONTRACT.md section 1.3).

`similarity` is absolute (memory/search_near.py), so that a least similarity means the same in every search; the order
is the search's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from contox_hooks.memory.search import QueryEmbedder, SearchHit
from contox_hooks.memory.search_near import nearness
from contox_hooks.memory.service import Service

_CANDIDATES: Final = 50
"""Hits that are held against the least similarity; `limit` where that is more."""


def search_object(
    service: Service,
    project_id: str,
    query: str,
    *,
    limit: int,
    min_similarity: float,
    active_files: Iterable[str],
    composite: bool,
    embedder: QueryEmbedder | None,
) -> dict[str, Any]:
    """`composite`: tell the score that orders the results."""
    looked_at = max(limit, _CANDIDATES) if min_similarity > 0 else limit
    hits = service.search(project_id, query, limit=looked_at, embedder=embedder, active_files=active_files)
    near = [(hit, nearness(hit, query)) for hit in hits]
    results = [_result(hit, value, composite=composite) for hit, value in near if value >= min_similarity]
    return {"results": results[:limit], "query": query, "totalCandidates": len(hits)}


def _result(hit: SearchHit, similarity: float, *, composite: bool) -> dict[str, Any]:
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
        "commits": list(item.commits),
        "eventKey": item.event_key,
    }
    return {**told, "compositeScore": hit.score} if composite else told
