"""Ids as people type them: the first characters, upper or lower case, as long as they name one thing."""

from __future__ import annotations

from collections.abc import Sequence

from contox_hooks.domain.error import NotFound
from contox_hooks.memory.store import Row


def prefix_range(prefix: str) -> tuple[str, str]:
    """The half-open range of ULIDs that begin with `prefix`."""
    low = prefix.strip().upper()
    return low, low + "~"  # sorts after every character of a ULID


def only_match(rows: Sequence[Row], prefix: str, *, noun: str, listing: str) -> Row:
    """The one row. Raises NotFound for none, and for several with what tells them apart."""
    exact = [row for row in rows if row["id"] == prefix.strip().upper()]
    if len(rows) == 1 or exact:
        return (exact or rows)[0]
    if not rows or not prefix.strip():
        raise NotFound(f"there is no {noun} {prefix!r}", hint=listing)
    several = ", ".join(row["id"] for row in rows[:2])
    raise NotFound(f"{prefix!r} fits several {noun}s: {several}, …", hint="type more of the id")
