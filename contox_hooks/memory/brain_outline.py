"""A memory's topics in the order in which the brain tells them, read only as far as it tells.

Pure. Invariants: the same topics, order and counts as if all items had been read and laid out; an item that stands
alone is placed by its kind and its age, so that only the kinds are counted and the items come one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from typing import Any, Protocol

from contox_hooks.memory.brain_layer import RECENT_S, Head, Kind, Layer, Placed, Topic, age, alone, kind_of, topics_of


class Source(Protocol):
    """A project's active items of at least `min_confidence`."""

    @property
    def min_confidence(self) -> float: ...

    def newest_at(self) -> int:
        """When the newest happened; 0 where there is none."""

    def kinds(self, recent_from: int) -> Mapping[Kind, int]:
        """How many there are of each."""

    def keys(self) -> Mapping[str, int]:
        """How many there are of each schema key."""

    def together(self, active_files: Iterable[str]) -> Collection[Head]:
        """All that do not stand alone: those that share a dedup hint, and those with a file that is worked on, or that
        is below a folder that is. More may come."""

    def of_kind(self, kind: Kind, recent_from: int) -> Iterator[Head]:
        """The newest first, equally old ones by id, fetched as they are taken."""

    def best_of_key(self, key: str, most: int) -> Sequence[Head]:
        """The most important of a key and those below it, then the newest."""


class Outline:
    def __init__(self, source: Source, active_files: Collection[str]) -> None:
        self._source = source
        self._recent_from = source.newest_at() - RECENT_S
        self._kinds = source.kinds(self._recent_from)
        together = source.together(active_files)
        self._together = topics_of(together, self._recent_from, active_files)
        self._placed = {item.id for item in together}

    @property
    def count(self) -> int:
        """Of items."""
        return sum(self._kinds.values())

    def layers(self) -> Counter[Layer]:
        """How many items each has."""
        counts: Counter[Layer] = Counter()
        for kind, count in self._kinds.items():
            counts[kind.layer] += count
        for topic in self._together:
            for item in topic.items:
                counts[kind_of(item, self._recent_from).layer] -= 1
                counts[topic.layer] += 1
        return counts

    def topics(self, wanted: Callable[[Placed], bool], order: Callable[[Placed], Any]) -> Iterator[Topic]:
        """In that order, the newest of equal ones first."""

        def place(topic: Topic) -> tuple[Any, tuple[int, str]]:
            return order(topic), age(topic.lead)

        return merge(self._alone(wanted, order), sorted(filter(wanted, self._together), key=place), key=place)

    def newest(self, type: str) -> Iterator[Head]:
        """Items of a type, each by itself."""
        kinds = (kind for kind in self._kinds if kind.type == type)
        return merge(*(self._source.of_kind(kind, self._recent_from) for kind in kinds), key=age)

    def _alone(self, wanted: Callable[[Placed], bool], order: Callable[[Placed], Any]) -> Iterator[Topic]:
        for _, kinds in groupby(sorted(filter(wanted, self._kinds), key=order), key=order):
            yield from merge(*map(self._of_kind, kinds), key=lambda topic: age(topic.lead))

    def _of_kind(self, kind: Kind) -> Iterator[Topic]:
        for item in self._source.of_kind(kind, self._recent_from):
            if item.id not in self._placed:
                yield alone(item, kind)
