"""A memory's topics in the order in which the brain tells them, read only as far as it tells.

Pure. Invariants: the same topics, order and counts as if all items had been read and laid out; an item that stands
alone is placed by its kind and its age, so that only the kinds are counted and the items come one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Protocol

from contox_hooks.memory.brain_layer import RECENT_S, Head, Kind, Layer, Place, Topic, age, kind_of, topics_of


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
        self._placed = {item.id for item in together}
        self._together: dict[Place, list[Topic]] = {}
        for topic in sorted(topics_of(together, self._recent_from, active_files), key=_age):
            self._together.setdefault(topic.place, []).append(topic)

    @property
    def count(self) -> int:
        """Of items."""
        return sum(self._kinds.values())

    def layers(self) -> Counter[Layer]:
        """How many items each has."""
        counts: Counter[Layer] = Counter()
        for kind, count in self._kinds.items():
            counts[kind.place.layer] += count
        for place, topics in self._together.items():
            for item in chain.from_iterable(topic.items for topic in topics):
                counts[kind_of(item, self._recent_from).place.layer] -= 1
                counts[place.layer] += 1
        return counts

    def topics(self, wanted: Callable[[Place], bool], order: Callable[[Place], Any]) -> Iterator[Topic]:
        """In that order, the newest of equal ones first."""
        streams = [(kind.place, self._alone(kind)) for kind in self._kinds]
        streams += [(place, iter(topics)) for place, topics in self._together.items()]
        found = sorted(((order(place), topics) for place, topics in streams if wanted(place)), key=itemgetter(0))
        for _, equal in groupby(found, key=itemgetter(0)):
            yield from merge(*(topics for _, topics in equal), key=_age)

    def newest(self, type: str) -> Iterator[Head]:
        """Items of a type, each by itself."""
        kinds = (kind for kind in self._kinds if kind.type == type)
        return merge(*(self._source.of_kind(kind, self._recent_from) for kind in kinds), key=age)

    def _alone(self, kind: Kind) -> Iterator[Topic]:
        place = kind.place
        for item in self._source.of_kind(kind, self._recent_from):
            if item.id not in self._placed:
                yield Topic(item, (), place)


def _age(topic: Topic) -> tuple[int, str]:
    return age(topic.lead)
