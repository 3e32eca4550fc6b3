"""One item as dedup sees it: what it said by itself, and the keys under which another that concerns it is found.

Pure. Invariant: of two items that a rule of dedup.py relates each has a key that the other seeks: whoever holds items
by key compares few.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from contox_hooks.domain.item import EXTENT, ItemType
from contox_hooks.pipeline.floor import Floor, floor_of
from contox_hooks.pipeline.statement import (
    TAKES,
    Change,
    Choice,
    Value,
    act_of,
    changes_told,
    choice_of,
    every_change,
    folded,
    is_vague,
    side_of,
    title_words,
    value_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_QUOTED = 40
"""Characters of diff lines that two items quote alike; shorter ones stand in many places."""
_NOT_IN_HINTS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, eq=False)
class DedupItem:
    id: str
    type: ItemType
    dedup_hint: str | None
    title: str
    facts: str
    at_utc: int
    created_at: int = 0
    vectors: NDArray[np.float16] | None = None
    """One row a chunk, or one row; None when it is not embedded."""
    lines: frozenset[tuple[str, str]] = frozenset()
    """(path, quote) of its evidence in diffs."""
    messages: frozenset[str] = frozenset()
    """Its evidence in messages, folded as titles are."""
    approved: bool = False
    """By a person: it is neither merged away nor replaced."""
    group: str | None = None
    """The item that it was merged into, or itself when others were."""
    files: frozenset[str] = frozenset()
    commits: frozenset[str] = frozenset()
    """Those that it cites."""
    before: frozenset[str] = frozenset()
    """The commits of its own second that its commits come after: a rebase gives many the same second."""
    takes_back: str | None = None
    """The commit whose revert it says it is, by its id, where that is known."""

    @cached_property
    def age(self) -> tuple[int, int, str, str]:
        """Sorts by time and ancestry, then by content: never by who came first, but for items that are equal."""
        text = json.dumps([self.type, self.title, self.facts, self.dedup_hint, sorted(self.lines)])
        return self.at_utc, len(self.before), hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), self.id

    def is_after(self, other: DedupItem) -> bool:
        """Whether it is known to be newer: what comes of one second is in the order of ancestry, or in none."""
        if self.at_utc != other.at_utc:
            return self.at_utc > other.at_utc
        return not self.before.isdisjoint(other.commits) and other.before.isdisjoint(self.commits)

    @cached_property
    def folded_title(self) -> str:
        return folded(self.title)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return title_words(self.title)

    @cached_property
    def value(self) -> Value | None:
        return value_of(self.title)

    @cached_property
    def choice(self) -> Choice | None:
        return choice_of(self.title)

    @cached_property
    def side(self) -> tuple[str, bool] | None:
        return side_of(self.title)

    @property
    def takes(self) -> bool:
        """Whether the title says that something went."""
        return bool(self.words) and self.words[0] in TAKES

    @cached_property
    def act(self) -> tuple[str, bool]:
        return act_of(self.title)

    @cached_property
    def is_vague(self) -> bool:
        return is_vague(self.title)

    @cached_property
    def is_titled_hint(self) -> bool:
        """Whether the hint's key is the title once more, and proves nothing beside it."""
        return (self.dedup_hint or "").rpartition(":")[2] == _NOT_IN_HINTS.sub("-", self.title.lower()).strip("-")[:100]

    @cached_property
    def details(self) -> str:
        """The facts without their line of totals, folded."""
        return " ".join(line for line in map(folded, self.facts.splitlines()) if not EXTENT.match(line))

    @cached_property
    def floor(self) -> Floor | None:
        return floor_of(self.title, self.facts)

    @cached_property
    def only_changes(self) -> tuple[Change, ...]:
        return changes_told(self.facts)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        return every_change(self.facts)

    @cached_property
    def mean(self) -> NDArray[np.float32] | None:
        """Of its chunks, of length 1 (one shared boilerplate chunk must not merge two items)."""
        if self.vectors is None or not self.vectors.size:
            return None
        import numpy as np

        mean = np.atleast_2d(self.vectors).astype(np.float32).mean(axis=0)
        length = float(np.linalg.norm(mean))
        return mean / length if length else None

    @cached_property
    def same_keys(self) -> frozenset[Hashable]:
        """Of items that may say the same. Titles repeat without end (`update code`): each stands with something that
        two of the same title must share besides."""
        keys: set[Hashable] = set()
        titles = [
            (kind, self.type, said) for kind, said in (("title", self.folded_title), ("words", self.words)) if said
        ]
        keys |= {(*title, *besides) for title in titles for besides in self._besides()}
        if self.dedup_hint:
            keys.add(("hint", self.type, self.dedup_hint))
        if sum(len(quote) for _, quote in self.lines) >= LEAST_QUOTED:
            keys.add(("lines", self.type, self.lines))
        if self.group:
            keys.add(("group", self.group))
        return frozenset(keys)

    def _besides(self) -> Iterator[tuple[str, Hashable]]:
        yield from (("commit", sha) for sha in self.commits)
        yield from (("line", line) for line in self.lines)
        yield from (("file", path) for path in self.files if not self.is_vague)
        if self.details:
            yield "details", self.details
        if self.type == "todo" and not self.is_vague:
            yield "todo", ""

    @cached_property
    def subject_keys(self) -> frozenset[Hashable]:
        """Of items that may replace, or stand against, each other."""
        stands = self.act[1]
        said = (self.folded_title, *self.messages, self.act[0])
        keys: set[Hashable] = {("said", stands, text) for text in said if text}
        keys |= {("did", sha) for sha in self.commits}
        if self.takes_back:
            keys.add(("takes back", self.takes_back))
        if self.floor:
            keys.add(("floor", self.floor.subject))
        if self.value:
            keys.add(("value", self.value.subject))
        if self.side:
            keys.add(("side", self.side[1], self.side[0]))
        if self.choice:
            keys |= {("name", name) for name in (self.choice.new, self.choice.old) if name}
        keys |= {("change", change.subject, change.after) for change in self.only_changes}
        keys |= {("change", change.subject, change.before) for change in self.changes}
        return frozenset(keys)

    @property
    def keys(self) -> frozenset[Hashable]:
        """Under which it is found."""
        return self.same_keys | self.subject_keys

    @property
    def sought(self) -> frozenset[Hashable]:
        """Under which those are found that concern it."""
        return self.same_keys | frozenset(map(sought, self.subject_keys))


def sought(subject_key: Hashable) -> Hashable:
    """The key of what may replace or stand against an item with this one: mostly the same. What was done and what takes
    it back look for each other, never for their like."""
    match subject_key:
        case ("said" | "side" as kind, bool(is_done), text):
            return kind, not is_done, text
        case ("did", sha):
            return "takes back", sha
        case ("takes back", sha):
            return "did", sha
    return subject_key
