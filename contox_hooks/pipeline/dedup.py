"""Which items say the same thing: a pure decision; the runner merges rows.

Two items are the same when their titles are, or when their type is the same and so is their dedup hint, or nearly their
meaning while their titles use the same words in the same order. Being the same is transitive (union-find). Invariants:
the order of the input changes nothing; deciding again over what is left decides nothing; an id is absorbed once, and no
survivor is absorbed.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contox_hooks.domain.item import ItemType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAME_MEANING = 0.96
"""Cosine of two items' mean chunk vectors from which on they may be the same. Never enough alone: facts share their
phrasing, and static embeddings hardly see the verb or the version. Read by hand over the items of pre-commit, flask and
httpx, of 25 pairs over it 4 said the same; what tells them apart stands in the titles."""

_WORD = re.compile(r"\w(?:[\w.+#/-]*[\w+#])?")
"""Names and versions whole: `url_prefix`, `3.10`, `c++`."""
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|es|s)$")
_VOWEL = re.compile(r"[aeiouy]")
_FILLERS = frozenset({"a", "an", "the", "its", "this", "that", "some", "also", "now"})

_BLOCK = 512
"""New items compared at once: with 10,000 others the product takes 20 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class DedupItem:
    id: str
    type: ItemType
    dedup_hint: str | None
    title: str
    facts: str
    at_utc: int
    created_at: int
    vectors: NDArray[np.float16] | None = None
    """One row a chunk, or one row; None when it is not embedded."""


@dataclass(frozen=True, slots=True, order=True)
class Merge:
    survivor_id: str
    absorbed_id: str
    reason: str
    """One line for people, with the cosine where meaning decided."""


def decide_merges(
    new: Sequence[DedupItem],
    existing: Sequence[DedupItem],
    *,
    existing_matrix: tuple[Sequence[str], NDArray[np.float16]] | None = None,
    threshold: float = SAME_MEANING,
) -> list[Merge]:
    """Merges among `new` and between `new` and `existing`, sorted; existing items meet only through a new one.

    The survivor of a group is its oldest by (created_at, at_utc, id). `existing_matrix`: ids and rows as stored, one
    row a chunk (an id may repeat), instead of the existing items' own `vectors`; ids of no existing item are ignored.
    """
    fresh_ids = {item.id for item in new}
    others = [item for item in existing if item.id not in fresh_ids]
    items = {item.id: item for item in (*others, *new)}
    groups = _Groups(items)
    _join_equal(groups, items.values(), fresh_ids)
    _join_near(groups, list({item.id: item for item in new}.values()), others, existing_matrix, threshold)
    return groups.merges()


class _Groups:
    """Union-find whose root is the oldest member, with the reason each member first joined."""

    def __init__(self, items: dict[str, DedupItem]) -> None:
        self._items = items
        self._parent = {id_: id_ for id_ in items}
        self._reasons: dict[str, list[tuple[str, str, str]]] = {}

    def root(self, id_: str) -> str:
        while self._parent[id_] != id_:
            self._parent[id_] = self._parent[self._parent[id_]]
            id_ = self._parent[id_]
        return id_

    def join(self, left: str, right: str, reason: str) -> None:
        for one, other in ((left, right), (right, left)):
            self._reasons.setdefault(one, []).append((reason, one, other))
        first, second = sorted((self.root(left), self.root(right)), key=self._age)
        self._parent[second] = first

    def _age(self, id_: str) -> tuple[int, int, str]:
        item = self._items[id_]
        return item.created_at, item.at_utc, item.id

    def merges(self) -> list[Merge]:
        merges = []
        for id_ in self._items:
            survivor = self.root(id_)
            if survivor != id_:
                direct = [reason for reason, _, other in self._reasons[id_] if other == survivor]
                reason = min(direct) if direct else "same as another of the same: " + min(self._reasons[id_])[0]
                merges.append(Merge(survivor, id_, reason))
        return sorted(merges)


def _join_equal(groups: _Groups, items: Iterable[DedupItem], fresh: set[str]) -> None:
    """Join items of equal hint and type, or of equal title, where a new one is among them."""
    by_key: dict[Hashable, list[str]] = {}
    for item in items:
        if item.dedup_hint:
            by_key.setdefault(("same dedup hint", item.type, item.dedup_hint), []).append(item.id)
        title = " ".join(item.title.casefold().split())
        if title:
            by_key.setdefault(("same title", title), []).append(item.id)
    for key, ids in by_key.items():
        newcomers = sorted(fresh.intersection(ids))
        if newcomers:
            assert isinstance(key, tuple)
            for id_ in ids:
                if id_ != newcomers[0]:
                    groups.join(newcomers[0], id_, str(key[0]))


def _join_near(
    groups: _Groups,
    new: Sequence[DedupItem],
    existing: Sequence[DedupItem],
    existing_matrix: tuple[Sequence[str], NDArray[np.float16]] | None,
    threshold: float,
) -> None:
    new_ids, new_rows = _means(*_stacked(new))
    if not new_ids:
        return
    import numpy as np

    old_ids, old_rows = _means(*(_stacked(existing) if existing_matrix is None else existing_matrix))
    known = {item.id: item for item in (*existing, *new)}
    all_ids = [*new_ids, *old_ids]
    rows = np.concatenate([new_rows, old_rows]) if old_ids else new_rows
    for start in range(0, len(new_ids), _BLOCK):
        cosines = new_rows[start : start + _BLOCK] @ rows.T
        lefts, rights = np.nonzero(cosines >= threshold)
        for left, right in zip(lefts.tolist(), rights.tolist(), strict=True):
            one, other = all_ids[start + left], all_ids[right]
            # `right <= start + left`: itself, or a pair of new items seen from its other side.
            if right > start + left and other in known and _may_be_same(known[one], known[other]):
                groups.join(one, other, f"same meaning ({float(cosines[left, right]):.2f})")


def _may_be_same(one: DedupItem, other: DedupItem) -> bool:
    words = _title_words(one.title)
    return one.type == other.type and bool(words) and words == _title_words(other.title)


def _title_words(title: str) -> list[str]:
    """The title's words without articles and endings. In order, since `from a to b` is not `from b to a`."""
    return [_stem(word) for word in _WORD.findall(title.casefold()) if word not in _FILLERS]


def _stem(word: str) -> str:
    stem = _ENDING.sub("", word)
    return stem if word.isalpha() and _VOWEL.search(stem) else word  # `https` is not a plural


def _stacked(items: Sequence[DedupItem]) -> tuple[list[str], NDArray[np.float32]]:
    import numpy as np

    ids: list[str] = []
    blocks = []
    for item in items:
        if item.vectors is not None and item.vectors.size:
            block = np.atleast_2d(item.vectors).astype(np.float32)
            ids.extend([item.id] * len(block))
            blocks.append(block)
    return ids, np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float32)


def _means(ids: Sequence[str], rows: NDArray[np.floating[Any]]) -> tuple[list[str], NDArray[np.float32]]:
    """One row an id: the mean of its chunks, of length 1 (one shared boilerplate chunk must not merge two items)."""
    import numpy as np

    place: dict[str, int] = {}
    index = np.array([place.setdefault(id_, len(place)) for id_ in ids], dtype=np.int64)
    wide = np.asarray(rows, dtype=np.float32)
    if len(place) == len(ids):
        means = wide.copy()
    else:
        means = np.zeros((len(place), wide.shape[1]), dtype=np.float32)
        np.add.at(means, index, wide)
    lengths = np.linalg.norm(means, axis=1, keepdims=True) if len(place) else means
    if len(place):
        np.divide(means, lengths, out=means, where=lengths > 0)
    return list(place), means
