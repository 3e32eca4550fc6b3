"""What new items are to those that stand: NEW, REINFORCE, SUPERSEDE or CONTRADICT. A pure decision; deduping.py writes.

Decides over what every item said by itself, merged ones included, so that the outcome depends on the items alone: not
on the order they came in, nor on how they were split into runs. Being the same is transitive (union-find); a group
speaks with its newest member and is stored under its oldest. Precision first: a wrong SUPERSEDE hides the truth.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from contox_hooks.pipeline.dedup_item import DedupItem
from contox_hooks.pipeline.statement import LINE, Change, Value

SAME_MEANING = 0.9
"""Cosine of two items' mean vectors from which on they are the same, where their titles use the same words. Never
enough alone: read by hand, 8 of 60 pairs over 0.95 said the same; what tells them apart stands in the titles."""
_SHARED_WORDS = 0.5
"""Of the words of two titles over the same quoted lines."""
_AMBIGUOUS = frozenset({"rev", "sha", "ref", "version", "tag", "image", "uses"})
"""Settings of which a file has many: only items whose titles share a word are of one subject."""


_PART = re.compile(r"[\w.%+-]+")
"""Of a value: a version, a name in a list."""
_DEFINITION = re.compile(r"(?:export )?(?:async )?(?:def|fn|func|function) ")
_LIST = re.compile(r"[\[{(,]")

REVERTS = "the newer one reverts the older"
ADDS_REMOVED = "the newer one adds what the older removes"
REMOVES_ADDED = "the newer one removes what the older adds"
APPROVED = "; the older one is approved"
"""How the reason ends when only a person's approval kept an item in its place."""


@dataclass(frozen=True, slots=True, order=True)
class Merge:
    """REINFORCE: said again."""

    survivor_id: str
    absorbed_id: str
    reason: str
    """One line for people, with the cosine where meaning decided."""


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """SUPERSEDE: the newer states another value of the same subject."""

    newer_id: str
    older_id: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """CONTRADICT: both stand, a person decides."""

    newer_id: str
    older_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """All sorted, by the ids of survivors. What none of them names is NEW."""

    merges: list[Merge] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def decide(items: Iterable[DedupItem]) -> Decisions:
    """What the items are to each other; those that were merged before are among them."""
    everything = sorted(items, key=lambda item: item.age)
    groups = _Groups(everything)
    for bucket in _buckets(everything, same=True):
        for place, item in enumerate(bucket):
            for earlier in bucket[:place]:
                if reason := same(item, earlier):
                    groups.join(item, earlier, reason)
    speakers = groups.speakers()
    stored_as = {speaker.id: survivor.id for speaker, survivor in speakers}
    approved = {survivor.id for _, survivor in speakers if survivor.approved}
    replacements: dict[str, tuple[DedupItem, Replacement]] = {}
    conflicts: dict[tuple[str, str], Conflict] = {}
    for newer, older in _pairs([speaker for speaker, _ in speakers]):
        ids = stored_as[newer.id], stored_as[older.id]
        if reason := replaces(newer, older):
            if ids[1] in approved:
                conflicts[ids] = Conflict(*ids, reason + APPROVED)
            elif ids[1] not in replacements or newer.age < replacements[ids[1]][0].age:
                replacements[ids[1]] = newer, Replacement(*ids, reason)
        elif reason := contradicts(newer, older):
            conflicts[ids] = Conflict(*ids, reason)
    standing = [found for ids, found in conflicts.items() if replacements.keys().isdisjoint(ids)]
    return Decisions(groups.merges(), sorted(found for _, found in replacements.values()), sorted(standing))


def decide_merges(new: Sequence[DedupItem], existing: Sequence[DedupItem] = ()) -> list[Merge]:
    """Merges alone, sorted."""
    return decide([*existing, *new]).merges


def same(one: DedupItem, other: DedupItem) -> str | None:
    """Why two items say the same, or None."""
    if one.group and one.group == other.group:
        return "merged before"
    if one.folded_title and one.folded_title == other.folded_title:
        return "same title"
    if one.type != other.type:
        return None
    if one.dedup_hint and one.dedup_hint == other.dedup_hint:
        return "same dedup hint"
    if one.words and one.words == other.words and (cosine := _cosine(one, other)) >= SAME_MEANING:
        return f"same meaning ({cosine:.2f})"
    if one.lines and one.lines == other.lines and _alike(one, other):
        return "same lines"
    return None


def replaces(newer: DedupItem, older: DedupItem) -> str | None:
    """Why the newer takes the older one's place, or None."""
    if older.reverted and older.reverted == newer.folded_title:
        return "done again after it was reverted"
    old, new = older.value, newer.value
    if old and new and old.subject == new.subject and _may_follow(new, old):
        return f"{_dotted(old.version)} became {_dotted(new.version)}"
    if older.choice and newer.choice and newer.choice.old == older.choice.new:
        purposes = {older.choice.purpose, newer.choice.purpose} - {""}
        if len(purposes) < 2 and older.choice.new != newer.choice.new:
            return f"{newer.choice.new} instead of {older.choice.new}"
    return _moved_on(newer, older)


def _may_follow(newer: Value, older: Value) -> bool:
    """Dropping Python 3.6 does not speak of Python 2."""
    if newer.only_up:
        return newer.version[0] == older.version[0] and newer.version > older.version
    return newer.version != older.version


def _moved_on(newer: DedupItem, older: DedupItem) -> str | None:
    """Every change that the older one states, and it states nothing else, was the start of one in the newer. What was
    taken away stays away."""
    reasons: list[str] = []
    for change in () if older.takes else older.only_changes:
        if _name(change) in _AMBIGUOUS and not set(older.words[1:]) & set(newer.words[1:]):
            return None
        following = [next_ for next_ in newer.changes if _follows(next_, change)]
        if not following:
            return None
        reasons.append(f"{change.subject} went on from {change.after} to {following[0].after}")
    return "; ".join(reasons[:2])[:300] or None


def _follows(newer: Change, older: Change) -> bool:
    """Whether the newer one starts where the older ended, and undoes it: adding to a list what the older one did not
    speak of leaves true what it said."""
    if newer.subject != older.subject or newer.before != older.after:
        return False
    before, after, now = (set(_PART.findall(value)) for value in (older.before, older.after, newer.after))
    if _DEFINITION.match(older.after) and _DEFINITION.match(newer.after):
        return newer.after != older.after  # a signature is one value
    if newer.subject.startswith(LINE) and _LIST.search(older.after):
        return False  # a list in a form of its own: `py{39,38}` may go on as `py3{10,9,8}`
    came, went = after - before, before - after
    return came.isdisjoint(now) if came else bool(went) and went <= now


def _name(change: Change) -> str:
    return change.subject.partition(" in ")[0]


def contradicts(newer: DedupItem, older: DedupItem) -> str | None:
    """Why the two cannot both be true, or None."""
    if newer.reverted and (newer.reverted == older.folded_title or newer.reverted in older.messages):
        return "the newer one reverts the older"
    if newer.side and older.side and newer.side[0] == older.side[0] and newer.side[1] != older.side[1]:
        return (
            "the newer one adds what the older removes"
            if newer.side[1]
            else "the newer one removes what the older adds"
        )
    return None


def is_by_rule(reason: str) -> bool:
    """Whether the reason of a contradiction is one of these rules', not a model's."""
    return reason in (REVERTS, ADDS_REMOVED, REMOVES_ADDED) or reason.endswith(APPROVED)


class _Groups:
    """Union-find with the reason each member first joined."""

    def __init__(self, items: Sequence[DedupItem]) -> None:
        self._items = {item.id: item for item in items}
        self._parent = {item.id: item.id for item in items}
        self._reasons: dict[str, list[tuple[str, str]]] = {}

    def root(self, id_: str) -> str:
        while self._parent[id_] != id_:
            self._parent[id_] = self._parent[self._parent[id_]]
            id_ = self._parent[id_]
        return id_

    def join(self, left: DedupItem, right: DedupItem, reason: str) -> None:
        for one, other in ((left, right), (right, left)):
            self._reasons.setdefault(one.id, []).append((reason, other.id))
        self._parent[self.root(left.id)] = self.root(right.id)

    def _members(self) -> list[tuple[DedupItem, list[DedupItem]]]:
        """Each group's survivor and all its members; of several that a person approved, the others stay apart."""
        groups: dict[str, list[DedupItem]] = {}
        for item in self._items.values():
            groups.setdefault(self.root(item.id), []).append(item)
        found = []
        for group in groups.values():
            survivor = min(group, key=lambda item: (not item.approved, item.age))
            found.append((survivor, [item for item in group if item is survivor or not item.approved]))
            found += [(item, [item]) for item in group if item.approved and item is not survivor]
        return found

    def speakers(self) -> list[tuple[DedupItem, DedupItem]]:
        """(newest member, survivor) a group, oldest first."""
        pairs = [(max(members, key=lambda item: item.age), survivor) for survivor, members in self._members()]
        return sorted(pairs, key=lambda pair: pair[0].age)

    def merges(self) -> list[Merge]:
        found = []
        for survivor, members in self._members():
            for item in members:
                if item is not survivor:
                    direct = [reason for reason, other in self._reasons[item.id] if other == survivor.id]
                    reason = min(direct) if direct else f"same as another of the same: {min(self._reasons[item.id])[0]}"
                    found.append(Merge(survivor.id, item.id, reason))
        return sorted(found)


def _buckets(items: Sequence[DedupItem], *, same: bool) -> list[list[DedupItem]]:
    found: dict[Hashable, list[DedupItem]] = {}
    for item in items:
        for key in item.same_keys if same else item.subject_keys:
            found.setdefault(key, []).append(item)
    return [bucket for bucket in found.values() if len(bucket) > 1]


def _pairs(speakers: Sequence[DedupItem]) -> list[tuple[DedupItem, DedupItem]]:
    """(newer, older) of all that share a subject, each once."""
    found = {
        (newer.id, older.id): (newer, older)
        for bucket in _buckets(speakers, same=False)
        for place, newer in enumerate(bucket)
        for older in bucket[:place]
    }
    return list(found.values())


def _cosine(one: DedupItem, other: DedupItem) -> float:
    left, right = one.mean, other.mean
    return 0.0 if left is None or right is None else float(left @ right)


def _alike(one: DedupItem, other: DedupItem) -> bool:
    """Whether two titles share most words, and all that are versions or numbers."""
    left, right = set(one.words), set(other.words)
    shared = len(left & right) / max(1, len(left | right))
    return shared >= _SHARED_WORDS and not any(re.search(r"\d", word) for word in left ^ right)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
