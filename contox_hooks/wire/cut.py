"""Cutting texts visibly, by the length that the vendor's limits count: UTF-16 units, as JavaScript's `length`.

Invariant: a cut never splits a character, and says in the text how many are missing.
"""

from __future__ import annotations

from typing import NamedTuple


class Cut(NamedTuple):
    """What was left out of one event: the server's side reads it in `contoxHooks.cut`."""

    what: str
    """The digest's field, or `payload`."""
    kept: int
    total: int
    """Characters of a text, rows of a list; of a payload, the most of either in any one place."""


def cut_text(text: str, most_units: int, *, at_line: bool = False) -> tuple[str, int]:
    """At most so many units with the mark, but never less than the mark; and how many characters are the text's own.

    `at_line` ends on a whole line where there is one, and gives the mark its own.
    """
    if len(text) * 2 <= most_units or utf16_units(text) <= most_units:
        return text, len(text)
    room = most_units - len(_mark(len(text), at_line=at_line))
    kept = _head(text, max(0, room))
    if at_line and (end := kept.rfind("\n")) >= 0:
        kept = kept[:end]
    return kept + _mark(len(text) - len(kept), at_line=at_line and bool(kept)), len(kept)


def utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _head(text: str, most_units: int) -> str:
    units = text[:most_units].encode("utf-16-le", "surrogatepass")[: 2 * most_units]
    if units and 0xD8 <= units[-1] <= 0xDB:  # the first half of a pair
        units = units[:-2]
    return units.decode("utf-16-le", "surrogatepass")


def _mark(characters: int, *, at_line: bool) -> str:
    mark = f"[… {characters} characters not sent]"
    return f"\n{mark}\n" if at_line else mark
