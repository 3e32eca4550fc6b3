"""Search: words by BM25 and meaning by vectors, fused two to one (DESIGN.md, choices of libraries).

Must not raise on any query. Vectors take part when an embedder is handed in; without one, or without numpy, the words
decide alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.sql import search as sql
from contox_hooks.memory.store import Store
from contox_hooks.memory.word import asked_words

_POOL = 100
"""Candidates of each kind that are fused."""
_RANK_SOFTENER = 60
"""Cormack et al. 2009, reciprocal rank fusion: k = 60."""
_WORDS_WEIGHT, _MEANING_WEIGHT = 2.0, 1.0
NEAR_ENOUGH = 0.3
"""Cosine under which a text is no answer at all: unrelated commits lie around 0.1 with the built-in model."""

MatchedBy = Literal["words", "meaning", "both"]


class QueryEmbedder(Protocol):
    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class SearchHit:
    item: Item
    score: float
    """0 to 1: 1 is first by words and by meaning."""
    matched_by: MatchedBy
    similarity: float | None
    """Cosine of the best chunk, when it was near enough to count."""


def search(
    store: Store, project_id: str, query: str, *, limit: int = 10, embedder: QueryEmbedder | None = None
) -> list[SearchHit]:
    """Active and review items, best first. Nothing to look for finds nothing."""
    by_words = _by_words(store, project_id, query)
    similarity = _by_meaning(store, project_id, query, embedder)
    by_meaning = sorted(similarity, key=lambda item_id: (-similarity[item_id], item_id))[:_POOL]
    scores: dict[str, float] = {}
    for weight, ranking in ((_WORDS_WEIGHT, by_words), (_MEANING_WEIGHT, by_meaning)):
        for rank, item_id in enumerate(ranking):
            scores[item_id] = scores.get(item_id, 0.0) + weight / (_RANK_SOFTENER + rank)
    best = (_WORDS_WEIGHT + (_MEANING_WEIGHT if by_meaning else 0.0)) / _RANK_SOFTENER
    items = Items(store)
    worded = set(by_words)
    hits = []
    for item_id in sorted(scores, key=lambda item_id: (-scores[item_id], item_id))[:limit]:
        near = similarity.get(item_id)
        matched: MatchedBy = "meaning" if item_id not in worded else "words" if near is None else "both"
        hits.append(SearchHit(items.get(item_id), round(scores[item_id] / best, 4), matched, near))
    return hits


def _by_words(store: Store, project_id: str, query: str) -> list[str]:
    words = asked_words(query)
    if not words:
        return []
    # Quoted, so that nothing is FTS5 syntax; the last word may be half typed.
    match = " OR ".join(f'"{word}"' for word in words) + f' OR "{words[-1]}" *'
    rows = store.rows(sql.MATCH, query=match, project_id=project_id, limit=_POOL)
    return [row["id"] for row in rows]


def _by_meaning(store: Store, project_id: str, query: str, embedder: QueryEmbedder | None) -> dict[str, float]:
    if embedder is None or not query.strip():
        return {}
    try:
        from contox_hooks.memory.vector import Vectors
    except ImportError:
        return {}
    vectors = Vectors.load(store, project_id, embedder.name)
    if not len(vectors):
        return {}
    best = vectors.best(embedder.embed([query])[0])
    return {item_id: round(cosine, 4) for item_id, cosine in best.items() if cosine >= NEAR_ENOUGH}
