"""What a model's verdict may do to an older item: a pure decision; dedup executes it.

A verdict is an opinion formed over text that anybody may have written (a commit message, a diff), so it never removes
or rewrites by itself what matters more, is surer, stands on other files, or was approved by the user. Invariant: no
verdict alone makes such an item less visible than `review`, where its reason is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contox_hooks.domain.item import Item, RelationKind

Effect = Literal["note", "reinforce", "supersede", "review"]
"""note: the relation is kept, nothing else changes. reinforce: both become one, which says what the newer says.
supersede: the older one is superseded by the newer. review: the older one waits for the user."""

MAX_CONFIDENCE = 0.89
"""Of a model's item: from 0.90 on it is safe to approve unread (CONTRACT.md section 6), and nobody has read it."""
BINDING_IMPORTANCE = 4
"""From here on an item binds later work. How much the newer one matters is the model's own word, so it is not enough:
a person replaces such an item, or dedup's rules do over quoted lines."""


@dataclass(frozen=True, slots=True)
class Decision:
    effect: Effect
    reason: str
    """One line for people; empty where the verdict's own reason says it all."""


def decide_verdict(kind: RelationKind, *, older: Item, newer: Item) -> Decision:
    """What becomes of `older`."""
    if kind == "related":
        return Decision("note", "")
    if kind == "contradicts":
        return Decision("review", "")
    hindrance = _hindrance(older, newer)
    if kind == "reinforces":
        return Decision("note", hindrance) if hindrance else Decision("reinforce", "")
    return Decision("review", hindrance) if hindrance else Decision("supersede", "")


def _hindrance(older: Item, newer: Item) -> str:
    if older.approved_at is not None:
        return "approved by the user"
    if older.importance >= BINDING_IMPORTANCE:
        return f"it binds later work (importance {older.importance})"
    if older.importance > newer.importance:
        return f"it matters more (importance {older.importance} over {newer.importance})"
    if older.confidence > newer.confidence:
        return f"it is surer (confidence {older.confidence:.2f} over {newer.confidence:.2f})"
    if not _share_a_file(older.files, newer.files):
        return "the newer one stands on other files"
    return ""


def _share_a_file(one: Iterable[str], other: Iterable[str]) -> bool:
    left, right = set(one), set(other)
    return not left or bool(left & right)
