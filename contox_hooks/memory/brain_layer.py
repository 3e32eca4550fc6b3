"""Which layer of the brain an item belongs to: by recency, importance and type (CONTRACT.md section 6).

Pure. Invariants: recent is what is near the newest item, not near now, so that the same items always give the same
layers; items that share a dedup hint are one topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

Layer = Literal["active", "reference", "archive"]

RECENT_S = 30 * 86_400
BRIEF_DECISIONS, BRIEF_CONVENTIONS = 3, 5
_RULES = ("decision", "convention")
_LASTING = (*_RULES, "architecture")
_RULING = 4
"""Importance of decisions and conventions that rule."""
_TYPE_RANK = {"decision": 0, "convention": 0, "architecture": 1, "bug": 2, "todo": 2}


class Head(Protocol):
    """What the brain must know of every item; the rest it asks for when it tells of one. An Item is a Head."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def schema_key(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def importance(self) -> int: ...
    @property
    def dedup_hint(self) -> str | None: ...
    @property
    def files(self) -> Sequence[str]: ...
    @property
    def at_utc(self) -> int: ...


class Place(NamedTuple):
    """What decides where something stands, but for its age."""

    type: str
    importance: int
    layer: Layer
    is_touched: bool
    """One of its files is being worked on."""

    @property
    def is_ruling(self) -> bool:
        """A decision or convention that is never left out for anything else."""
        return rules(self.type, self.importance)


class Kind(NamedTuple):
    """All that places an item that stands alone: no other has its dedup hint, its files are not worked on."""

    type: str
    importance: int
    is_recent: bool
    """Within RECENT_S before the newest active item."""

    @property
    def place(self) -> Place:
        return Place(self.type, self.importance, layer_of(self.type, self.importance, is_recent=self.is_recent), False)


class Topic(NamedTuple):
    lead: Head
    """The most important, then the newest."""
    also: tuple[Head, ...]
    """Others with its dedup hint."""
    place: Place

    @property
    def items(self) -> tuple[Head, ...]:
        return (self.lead, *self.also)


def kind_of(item: Head, recent_from: int) -> Kind:
    return Kind(item.type, item.importance, item.at_utc >= recent_from)


def topics_of(items: Iterable[Head], recent_from: int, active_files: Iterable[str] = ()) -> list[Topic]:
    active = frozenset(active_files)
    groups: dict[str, list[Head]] = {}
    for item in items:
        groups.setdefault(item.dedup_hint or f"\0{item.id}", []).append(item)
    return [_topic(group, active, recent_from) for group in groups.values()]


def _topic(group: list[Head], active: frozenset[str], recent_from: int) -> Topic:
    lead, *also = sorted(group, key=lambda item: (not rules(item.type, item.importance), -item.importance, *age(item)))
    touched = bool(active) and any(_stands_in(item.files, active) for item in group)
    recent = any(item.at_utc >= recent_from for item in group)
    layer = layer_of(lead.type, lead.importance, is_recent=recent, is_touched=touched)
    return Topic(lead, tuple(also), Place(lead.type, lead.importance, layer, touched))


def layer_of(type: str, importance: int, *, is_recent: bool, is_touched: bool = False) -> Layer:
    if rules(type, importance) or is_touched or (is_recent and importance > 1):
        return "active"
    if is_recent or importance >= 3 or type in _LASTING:
        return "reference"
    return "archive"


def rules(type: str, importance: int) -> bool:
    return importance >= _RULING and type in _RULES


def _stands_in(files: Sequence[str], active: frozenset[str]) -> bool:
    """In one of the files, or below one of the folders."""
    return not active.isdisjoint(files) or any(path.startswith(f"{near.rstrip('/')}/") for path in files for near in active)  # fmt: skip  # noqa: E501


def age(item: Head) -> tuple[int, str]:
    """The newest first."""
    return -item.at_utc, item.id


def rank(place: Place) -> tuple[bool, int, int]:
    """The order in which topics are told, before their age: what is worked on, then by importance and type."""
    return not place.is_touched, -place.importance, _TYPE_RANK.get(place.type, 3)


def weight(place: Place) -> int:
    """The order among those of one type, before their age."""
    return -place.importance
