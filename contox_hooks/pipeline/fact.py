"""A fact read from a diff, and how names and code are written in it.

Invariant: what stands in backticks or curly quotes stands so in the commit, but for cuts that show as `…`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MAX_NAMES = 6
"""Names in one enumeration; more are counted."""
MAX_CODE = 180

Topic = Literal[
    "", "api", "changelog", "cli", "config", "constant", "deleted", "dependency", "deprecation", "doc", "env", "line",
    "mode", "new", "raise", "removed", "renamed", "resigned", "runtime",
    "schema", "shown", "symbol", "test", "todo", "touched", "why",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    path: str
    text: str
    weight: int
    """How much it tells: 6 what the outside sees, 5 a public definition, 4 an inner one or a setting, 3 a line or
    document as it stands, 2 tests, 1 only where it is."""
    quote: str = ""
    """The line that shows it, as `quote.cited_lines` reads it: an added one bare, a removed one with its `-`."""
    topic: Topic = ""


def names(found: Sequence[str]) -> str:
    unique = list(dict.fromkeys(found))
    more = f" and {len(unique) - MAX_NAMES} more" if unique[MAX_NAMES:] else ""
    return ", ".join(code(name) for name in unique[:MAX_NAMES]) + more


def code(text: str) -> str:
    flat = cut(" ".join(text.split()), MAX_CODE)
    return f"“{flat}”" if "`" in flat else f"`{flat}`"


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
