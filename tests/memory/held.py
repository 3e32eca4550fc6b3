"""Items in memory as the brain's source, none of them alone: the whole layout, which reading little must equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from contox_hooks.domain.item import Item
from contox_hooks.memory.brain_layer import Kind, age, kind_of


class Held:
    def __init__(self, items: Iterable[Item], min_confidence: float = 0.0) -> None:
        self.min_confidence = min_confidence
        self._items = [item for item in items if item.confidence >= min_confidence]

    def newest_at(self) -> int:
        return max((item.at_utc for item in self._items), default=0)

    def kinds(self, recent_from: int) -> Mapping[Kind, int]:
        return Counter(kind_of(item, recent_from) for item in self._items)

    def keys(self) -> Mapping[str, int]:
        return Counter(item.schema_key for item in self._items)

    def together(self, active_files: Iterable[str]) -> Sequence[Item]:
        return self._items

    def of_kind(self, kind: Kind, recent_from: int) -> Iterator[Item]:
        return iter(sorted((item for item in self._items if kind_of(item, recent_from) == kind), key=age))

    def best_of_key(self, key: str, most: int) -> Sequence[Item]:
        found = [item for item in self._items if item.schema_key == key or item.schema_key.startswith(f"{key}/")]
        return sorted(found, key=lambda item: (-item.importance, *age(item)))[:most]
