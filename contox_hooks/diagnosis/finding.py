"""One line of a diagnosis: what is wrong, on which thing, and what to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["problem", "note"]
"""A problem needs attention; a note is worth knowing and nothing is to be done."""

Check = Literal[
    "git", "settings", "embedding", "wiring", "probe", "python", "state", "permissions", "capture", "memory", "drain",
    "gaps", "jobs", "server", "log", "clone",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    check: Check
    text: str
    command: str = ""
    """What to type to mend it; empty where nothing can be done."""
    level: Level = "problem"
    mend: Callable[[], str] | None = None
    """Mends it now and says what was done; raises Error when it cannot. None: only by hand."""


def note(check: Check, text: str, command: str = "") -> Finding:
    return Finding(check, text, command, "note")
