"""What is stored of how two items stand to each other."""

from __future__ import annotations

from dataclasses import dataclass

from contox_hooks.domain.item import RelationKind


@dataclass(frozen=True, slots=True)
class Related:
    """`from_id`, the newer item, reinforces, supersedes or contradicts `to_id`, or touches the same."""

    from_id: str
    to_id: str
    kind: RelationKind
    reason: str
    """One line for people."""
    at_utc: int
    """Of the newer item, seconds since the epoch."""
    created_at: int
    """When it was found, seconds since the epoch."""
