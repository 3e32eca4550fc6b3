"""Search: candidates by words, meaning and active files (search_candidate.py), ranked as one list (search_rank.py).

Must not raise on any query. Meaning takes part when an embedder is handed in; without one the words decide alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.search_candidate import POOL, Filters, Near, candidates, question_of
from contox_hooks.memory.search_kept import Kept, unchanged
from contox_hooks.memory.search_rank import MatchedBy, ranked
from contox_hooks.memory.store import Store

__all__ = ["Filters", "MatchedBy", "Parts", "QueryEmbedder", "SearchHit", "search"]


class QueryEmbedder(Protocol):
    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a score is made of; each 0 to 1, weighted as in search_rank.py."""

    words: float
    """Of the best hit's weight of words."""
    meaning: float
    """How near the title comes to the query."""
    files: float
    """1 in an active file, 0.5 beside one."""
    matched: Mapping[str, float]
    """The query's words that the item has, without their endings, with what each gave to `words`."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    item: Item
    """With its evidence."""
    score: float
    """0 to 1, comparable within one search."""
    matched_by: MatchedBy
    similarity: float | None
    """Cosine of the title or the best chunk, when it was near enough to count."""
    parts: Parts


def search(
    store: Store,
    project_id: str,
    query: str,
    *,
    limit: int = 10,
    embedder: QueryEmbedder | None = None,
    filters: Filters | None = None,
    active_files: Iterable[str] = (),
) -> list[SearchHit]:
    """Best first. Nothing to look for finds nothing. `active_files`: paths that are being worked on;
    they lift what stands in them or beside them, and find nothing by themselves."""
    question = question_of(store, project_id, query, active_files)
    pool = max(POOL, limit)
    near = _near(store, project_id, query, embedder, pool)
    found = ranked(question.asked, candidates(store, project_id, question, near, filters or Filters(), pool=pool))
    items = Items(store)
    return [
        SearchHit(
            items.get(hit.item_id), hit.score, hit.matched_by, hit.similarity,
            Parts(hit.words, hit.meaning, hit.files, hit.matched_words),
        )
        for hit in found[:limit]
    ]  # fmt: skip


def _near(store: Store, project_id: str, query: str, embedder: QueryEmbedder | None, pool: int) -> Near | None:
    if embedder is None or not query.strip():
        return None
    import numpy as np

    from contox_hooks.memory.neighbour import nearest

    titles = unchanged(_TITLES, store, project_id, dict[str, Any], of=embedder.name)

    def rows_of(names: Sequence[str]) -> Any:
        found = {name: titles.get(name) for name in names}
        new = [name for name, known in found.items() if known is None]
        found.update(zip(new, embedder.embed(new).astype(np.float32), strict=True))
        if len(titles) + len(new) > _MAX_TITLES:
            titles.clear()
        titles.update({name: found[name] for name in new})  # others may have cleared it meanwhile
        return np.array([found[name] for name in names])

    row = embedder.embed([query])[0].astype(np.float32)
    return Near(row, nearest(store, project_id, embedder.name, row, pool * 4), rows_of)


_TITLES: Kept[dict[str, Any]] = WeakKeyDictionary()
"""Vectors of titles that were compared before."""
_MAX_TITLES = 10_000
"""10 MB of 256 dimensions."""
