"""What happened to a file, as the tracker tells it: one value a file and window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["created", "edited", "deleted", "moved", "gap"]


@dataclass(frozen=True, slots=True)
class Change:
    """A `gap` says that the watching could not see for a while; what a look at the files found follows it."""

    kind: Kind
    path: str
    """Posix, relative to the root; absolute in a watched folder outside the root. Bytes that are no UTF-8 stand in it
    as surrogate escapes. Of a gap: why, in a few words."""
    old_path: str | None = None
    """Where it was, of a move."""
    count: int = 1
    """Writes that were heard and are told as one; of a gap: changes that only that look found."""
    at: float = 0.0
    """Seconds since the epoch when it was first seen."""
