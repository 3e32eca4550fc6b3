"""One item as dedup sees it: what it said by itself, and the keys under which another that concerns it is found.

Pure. Invariant: two items that a rule of dedup.py relates share a key, so that whoever holds items by key compares few.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from contox_hooks.domain.item import ItemType
from contox_hooks.pipeline.statement import (
    TAKES,
    Change,
    Choice,
    Value,
    changes_told,
    choice_of,
    every_change,
    folded,
    reverted,
    side_of,
    title_words,
    value_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_QUOTED = 40
"""Characters of diff lines that two items quote alike; shorter ones stand in many places."""


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

    @cached_property
    def age(self) -> tuple[int, str, str]:
        """Sorts by time, then by content: never by who came first, but for items that are equal."""
        text = json.dumps([self.type, self.title, self.facts, self.dedup_hint, sorted(self.lines)])
        return self.at_utc, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), self.id

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
    def reverted(self) -> str | None:
        return reverted(self.title)

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
        """Of items that may say the same."""
        keys: set[Hashable] = set()
        if self.folded_title:
            keys.add(("title", self.folded_title))
        if self.dedup_hint:
            keys.add(("hint", self.type, self.dedup_hint))
        if self.words:
            keys.add(("words", self.type, self.words))
        if sum(len(quote) for _, quote in self.lines) >= _LEAST_QUOTED:
            keys.add(("lines", self.type, self.lines))
        if self.group:
            keys.add(("group", self.group))
        return frozenset(keys)

    @cached_property
    def subject_keys(self) -> frozenset[Hashable]:
        """Of items that may replace, or stand against, each other."""
        keys: set[Hashable] = {("said", text) for text in (self.folded_title, *self.messages, self.reverted) if text}
        if self.value:
            keys.add(("value", self.value.subject))
        if self.side:
            keys.add(("side", self.side[0]))
        if self.choice:
            keys |= {("name", name) for name in (self.choice.new, self.choice.old) if name}
        keys |= {("change", change.subject, change.after) for change in self.only_changes}
        keys |= {("change", change.subject, change.before) for change in self.changes}
        return frozenset(keys)

    @property
    def keys(self) -> frozenset[Hashable]:
        return self.same_keys | self.subject_keys
