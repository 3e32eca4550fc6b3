"""Which layer of the brain an item belongs to: by recency, importance and type (CONTRACT.md section 6).

Pure. Invariants: recent is what is near the newest item, not near now, so that the same items always give the same
layers; items that share a dedup hint are one topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nlargest, nsmallest
from typing import Literal, NamedTuple, Protocol

from contox_hooks.memory.report.module import is_code

Layer = Literal["active", "reference", "archive"]

RECENT_S = 30 * 86_400
BRIEF_DECISIONS, BRIEF_CONVENTIONS = 3, 5
_RULES = ("decision", "convention")
_LASTING = (*_RULES, "architecture")
_RULING = 4
"""Importance of decisions and conventions that rule."""
_TYPE_RANK = {"decision": 0, "convention": 0, "architecture": 1, "bug": 2, "todo": 2}
_STACK_ITEMS, _AREA_ITEMS, _MAX_AREAS = 3, 30, 5
_MAIN_FILES = 5
"""Of an item: those that it is about come first."""


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


class Topic(NamedTuple):
    lead: Head
    """The most important, then the newest."""
    also: tuple[Head, ...]
    """Others with its dedup hint."""
    layer: Layer
    is_touched: bool
    """One of its files is being worked on."""
    is_ruling: bool
    """A decision or convention that is never left out for anything else."""

    @property
    def items(self) -> tuple[Head, ...]:
        return (self.lead, *self.also)


def topics_of(items: Sequence[Head], active_files: Iterable[str] = ()) -> list[Topic]:
    """In the order they are told: what is worked on, then by importance, type and age."""
    active = frozenset(active_files)
    newest = max((item.at_utc for item in items), default=0)
    groups: dict[str, list[Head]] = {}
    for item in items:
        groups.setdefault(item.dedup_hint or f"\0{item.id}", []).append(item)
    topics = [_topic(group, active, newest) for group in groups.values()]
    topics.sort(key=_rank)
    return topics


def newest_first(topics: Iterable[Topic]) -> list[Topic]:
    return sorted(topics, key=lambda topic: (-topic.lead.at_utc, topic.lead.id))


def brief_of(topics: Sequence[Topic]) -> tuple[list[Topic], list[Topic]]:
    """The decisions and the conventions of the brief."""
    return best_of(topics, "decision", BRIEF_DECISIONS), best_of(topics, "convention", BRIEF_CONVENTIONS)


def best_of(topics: Iterable[Topic], kind: str, most: int) -> list[Topic]:
    """The most important of a type; the newer of equal ones."""
    found = (topic for topic in topics if topic.lead.type == kind)
    return nsmallest(most, found, key=lambda topic: (-topic.lead.importance, -topic.lead.at_utc, topic.lead.id))


def stack_of(items: Iterable[Head]) -> list[Head]:
    """What the project is built of: the most important of its key. How its parts were moved around is not."""
    found = [item for item in items if item.schema_key == "root/stack" or item.schema_key.startswith("root/stack/")]
    found.sort(key=lambda item: (-item.importance, -item.at_utc, item.id))
    return found[:_STACK_ITEMS]


def areas_of(items: Iterable[Head]) -> list[tuple[str, int]]:
    """Folders that the latest implementation is about, with the number of its items, the most first."""
    counts: Counter[str] = Counter()
    done = (item for item in items if item.type == "implementation")
    for item in nlargest(_AREA_ITEMS, done, key=lambda item: (item.at_utc, item.id)):
        counts.update({path.rpartition("/")[0] or path for path in item.files[:_MAIN_FILES] if is_code(path)})
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_MAX_AREAS]


def _topic(group: list[Head], active: frozenset[str], newest: int) -> Topic:
    lead = group[0]
    if len(group) == 1 and not active:  # as nearly all are
        return Topic(lead, (), layer_of(lead, is_recent=lead.at_utc >= newest - RECENT_S), False, _rules(lead))
    group.sort(key=lambda item: (not _rules(item), -item.importance, -item.at_utc, item.id))
    lead = group[0]
    touched = bool(active) and any(_stands_in(item.files, active) for item in group)
    recent = any(item.at_utc >= newest - RECENT_S for item in group)
    layer = layer_of(lead, is_recent=recent, is_touched=touched)
    return Topic(lead, tuple(group[1:]), layer, touched, _rules(lead))


def layer_of(lead: Head, *, is_recent: bool, is_touched: bool = False) -> Layer:
    """`is_recent`: within RECENT_S before the newest active item."""
    if _rules(lead) or is_touched or (is_recent and lead.importance > 1):
        return "active"
    if is_recent or lead.importance >= 3 or lead.type in _LASTING:
        return "reference"
    return "archive"


def _rules(item: Head) -> bool:
    return item.importance >= _RULING and item.type in _RULES


def _stands_in(files: Sequence[str], active: frozenset[str]) -> bool:
    """In one of the files, or below one of the folders."""
    return not active.isdisjoint(files) or any(path.startswith(f"{near.rstrip('/')}/") for path in files for near in active)  # fmt: skip  # noqa: E501


def _rank(topic: Topic) -> tuple[bool, int, int, int, str]:
    lead = topic.lead
    return (not topic.is_touched, -lead.importance, _TYPE_RANK.get(lead.type, 3), -lead.at_utc, lead.id)
