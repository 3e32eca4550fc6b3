"""What new items are to those that stand: NEW, REINFORCE, SUPERSEDE or CONTRADICT. A pure decision; deduping.py writes.

Decides over what every item said by itself, merged ones included, so that the outcome depends on the items alone: not
on the order they came in, nor on how they were split into runs. Being the same is transitive (union-find); a group
speaks with its newest member and is stored under its oldest. Precision first: a wrong SUPERSEDE hides the truth.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from contox_hooks.pipeline.dedup_item import LEAST_QUOTED, DedupItem, sought
from contox_hooks.pipeline.statement import LINE, Change, Value

_TOLD_WITHIN_S = 30 * 86_400
"""A change is told twice (a commit and the merge or squash of its branch) within this; what comes back later under the
same title is a rite: `Prepare release notes`."""
SAME_MEANING = 0.9
"""Cosine of two items' mean vectors from which on they are the same, where their titles use the same words. Never
enough alone: read by hand, 8 of 60 pairs over 0.95 said the same; what tells them apart stands in the titles."""
_SHARED_WORDS = 0.5
"""Of the words of two titles over the same quoted lines."""
_AMBIGUOUS = frozenset({"rev", "sha", "ref", "version", "tag", "image", "uses"})
"""Settings of which a file has many: only items whose titles share a word are of one subject."""
_NO_SUBJECT = frozenset({"if", "run", "name", "needs", "with"})
"""Keys of workflows that every step has."""
_SETTING = re.compile(r"[\"']?([\w.-]+)[\"']? ?[=:](?!=)")


_PART = re.compile(r"[\w.%+-]+")
"""Of a value: a version, a name in a list."""
_DEFINITION = re.compile(r"(?:export )?(?:async )?(?:def|fn|func|function) ")
_LIST = re.compile(r"[\[{(,]")

REVERTS = "the newer one reverts the older"
AGAIN = "done again after it was reverted"
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
    for item, earlier in _comparable(everything):
        if not groups.are_one(item, earlier) and same(item, earlier):
            groups.join(item, earlier)
    speakers = groups.speakers()
    stored_as = {speaker.id: survivor.id for speaker, survivor in speakers}
    approved = {survivor.id for _, survivor in speakers if survivor.approved}
    replacements: dict[str, tuple[DedupItem, Replacement]] = {}
    conflicts: dict[tuple[str, str], Conflict] = {}
    for newer, older in _pairs([speaker for speaker, _ in speakers]):
        if not newer.is_after(older):
            continue
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


def same(one: DedupItem, other: DedupItem) -> str | None:
    """Why two items say the same, or None."""
    if one.group and one.group == other.group:
        return "merged before"
    if one.type != other.type:
        return None
    if one.dedup_hint and one.dedup_hint == other.dedup_hint and not one.is_titled_hint:
        return "same dedup hint"
    if one.folded_title and one.folded_title == other.folded_title:
        shared = _shared(one, other)
        return shared and f"same title, {shared}"
    if one.words and one.words == other.words and (cosine := _cosine(one, other)) >= SAME_MEANING:
        shared = _shared(one, other)
        return shared and f"same meaning ({cosine:.2f}), {shared}"
    if one.lines and one.lines == other.lines and _alike(one, other):
        return "same lines"
    return None


def _shared(one: DedupItem, other: DedupItem) -> str | None:
    """What two items of the same title have in common besides: many changes are called `Update README`."""
    if not one.commits.isdisjoint(other.commits):
        return "same commit"
    both = _length(one.lines & other.lines)
    if both >= LEAST_QUOTED and 2 * both >= min(_length(one.lines), _length(other.lines)):
        return "same lines"
    if one.details and one.details == other.details:
        return "same facts"
    if one.type == "todo" and not one.is_vague:
        return "same comment"  # that is all it says, wherever it stands
    if (
        one.is_vague
        or other.is_vague
        or one.files.isdisjoint(other.files)
        or abs(one.at_utc - other.at_utc) > _TOLD_WITHIN_S
    ):
        return None
    return None if _moves_differ(one, other) else "same files"


def _length(lines: Iterable[tuple[str, str]]) -> int:
    return sum(len(quote) for _, quote in lines)


def _moves_differ(one: DedupItem, other: DedupItem) -> bool:
    """Whether the two set something to different values."""
    left, right = ({change.subject: change.after for change in item.changes} for item in (one, other))
    named = {subject for subject in left.keys() & right.keys() if not subject.startswith(LINE)}
    return any(left[subject] != right[subject] for subject in named)


def replaces(newer: DedupItem, older: DedupItem) -> str | None:
    """Why the newer takes the older one's place, or None."""
    if _undoes(newer, older) and not older.act[1]:
        return AGAIN
    if older.floor and newer.floor and older.floor.is_all and older.floor.subject == newer.floor.subject:
        same_floor = older.floor.version == newer.floor.version
        return None if same_floor else f"{_dotted(older.floor.version)} became {_dotted(newer.floor.version)}"
    old, new = older.value, newer.value
    if old and new and old.subject == new.subject and _may_follow(new, old):
        return f"{_dotted(old.version)} became {_dotted(new.version)}"
    if older.choice and newer.choice and newer.choice.old == older.choice.new:
        purposes = {older.choice.purpose, newer.choice.purpose} - {""}
        if len(purposes) < 2 and older.choice.new != newer.choice.new:
            return f"{newer.choice.new} instead of {older.choice.new}"
    return _moved_on(newer, older)


def _undoes(newer: DedupItem, older: DedupItem) -> bool:
    """Whether the newer takes back what the older did: the commit that it names, else what has the title."""
    if newer.takes_back:
        return newer.takes_back in older.commits
    (what, stands), (was, stood) = newer.act, older.act
    return stands != stood and (what == was or (stood and what in older.messages))


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
        if _name(change) in _NO_SUBJECT or (_is_common(change) and not set(older.words[1:]) & set(newer.words[1:])):
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


def _is_common(change: Change) -> bool:
    """Whether a file may have several of the kind: `return None` says nothing by itself, `version = "1"` does."""
    if not change.subject.startswith(LINE):
        return _name(change) in _AMBIGUOUS
    before, after = _SETTING.match(change.before), _SETTING.match(change.after)
    is_setting = before is not None and after is not None and before[1] == after[1]
    return not is_setting and not _DEFINITION.match(change.after)


def contradicts(newer: DedupItem, older: DedupItem) -> str | None:
    """Why the two cannot both be true, or None."""
    if _undoes(newer, older):
        return REVERTS
    if newer.side and older.side and newer.side[0] == older.side[0] and newer.side[1] != older.side[1]:
        return ADDS_REMOVED if newer.side[1] else REMOVES_ADDED
    return None


def is_by_rule(reason: str) -> bool:
    """Whether the reason of a contradiction is one of these rules', not a model's."""
    return reason in (REVERTS, ADDS_REMOVED, REMOVES_ADDED) or reason.endswith(APPROVED)


class _Groups:
    """Union-find."""

    def __init__(self, items: Sequence[DedupItem]) -> None:
        self._items = {item.id: item for item in items}
        self._parent = {item.id: item.id for item in items}

    def root(self, id_: str) -> str:
        while self._parent[id_] != id_:
            self._parent[id_] = self._parent[self._parent[id_]]
            id_ = self._parent[id_]
        return id_

    def are_one(self, left: DedupItem, right: DedupItem) -> bool:
        return self.root(left.id) == self.root(right.id)

    def join(self, left: DedupItem, right: DedupItem) -> None:
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
                    reason = _same_of_two(item, survivor) or f"same as another of the same: {_nearest(item, members)}"
                    found.append(Merge(survivor.id, item.id, reason))
        return sorted(found)


def _same_of_two(one: DedupItem, other: DedupItem) -> str | None:
    newer, older = (one, other) if one.age > other.age else (other, one)
    return same(newer, older)


def _nearest(item: DedupItem, members: Iterable[DedupItem]) -> str:
    """Why it is the same as the one nearest in time of those that it is the same as."""
    near = sorted((other for other in members if other is not item), key=lambda other: abs(other.at_utc - item.at_utc))
    return next((reason for other in near if (reason := _same_of_two(item, other))), "merged before")


def _comparable(items: Sequence[DedupItem]) -> Iterator[tuple[DedupItem, DedupItem]]:
    """(newer, older) that may be the same; of those that surely are, enough to join them all."""
    found: dict[Hashable, list[DedupItem]] = {}
    for item in items:
        for key in item.same_keys:
            found.setdefault(key, []).append(item)
    for key, bucket in found.items():
        kind = key[0] if isinstance(key, tuple) else key
        if kind == "hint":
            yield from _hinted(bucket)
            continue
        is_file = isinstance(key, tuple) and key[-2:-1] == ("file",)
        for place, item in enumerate(bucket):
            for earlier in bucket[:1] if kind == "group" else reversed(bucket[:place]):
                if is_file and item.at_utc - earlier.at_utc > _TOLD_WITHIN_S:
                    break  # sorted by time: all before it are further away
                if item is not earlier:
                    yield item, earlier


def _hinted(bucket: Iterable[DedupItem]) -> Iterator[tuple[DedupItem, DedupItem]]:
    """A hint that is more than its item's title joins it with all before it."""
    apart: list[DedupItem] = []
    for item in bucket:
        if not item.is_titled_hint:
            yield from ((item, earlier) for earlier in apart)
            apart.clear()
        apart.append(item)


def _pairs(speakers: Sequence[DedupItem]) -> list[tuple[DedupItem, DedupItem]]:
    """(newer, older) of all that concern each other, each once."""
    seen: dict[Hashable, list[DedupItem]] = {}
    found: dict[tuple[str, str], tuple[DedupItem, DedupItem]] = {}
    for newer in speakers:
        for key in newer.subject_keys:
            found |= {(newer.id, older.id): (newer, older) for older in seen.get(sought(key), ())}
        for key in newer.subject_keys:
            seen.setdefault(key, []).append(newer)
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
