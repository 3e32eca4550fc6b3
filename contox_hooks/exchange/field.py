"""What may stand in one field of a line, said once for reading and for writing.

Pure. Must not know tables. Invariant: what passes a field's check can be stored as it is, once its texts are redacted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

_LARGEST: Final = 2**53 - 1
_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SHA: Final = re.compile(r"[0-9a-f]{7,64}")
_WORD: Final = re.compile(r"[A-Za-z][0-9A-Za-z_.-]{0,63}")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}:[0-9A-Za-z_.:/-]{1,200}")
MAX_DEPTH: Final = 32
"""Of lists and objects inside each other; a payload of ours has four."""


@dataclass(frozen=True, slots=True)
class Field:
    fits: Callable[[Any], bool]
    what: str
    """For people: `a whole number`."""
    is_told: bool = False
    """Somebody's words: redacted on the way in."""
    is_json: bool = False
    """In the store it is JSON text."""

    @property
    def or_none(self) -> Field:
        return replace(self, fits=lambda value: value is None or self.fits(value), what=f"{self.what} or null")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def one_of(*choices: str) -> Field:
    return Field(lambda value: isinstance(value, str) and value in choices, f"one of {', '.join(choices)}")


def within(least: int, most: int) -> Field:
    return Field(lambda value: _is_whole(value) and least <= value <= most, f"a whole number of {least} to {most}")


def list_of(field: Field) -> Field:
    def fits(value: Any) -> bool:
        return isinstance(value, list) and all(field.fits(each) for each in value)

    return Field(fits, f"a list, each {field.what}", is_told=field.is_told, is_json=True)


def depth_of(value: Any) -> int:
    """Levels of lists and objects; stops one beyond MAX_DEPTH."""
    depth, level = 0, [value]
    while depth <= MAX_DEPTH and (level := [each for each in level if isinstance(each, (list, dict))]):
        depth += 1
        level = [below for each in level for below in (each.values() if isinstance(each, dict) else each)]
    return depth


def _is_json_object(value: Any) -> bool:
    return isinstance(value, dict) and depth_of(value) <= MAX_DEPTH


ID: Final = Field(_matches(_ID), "an id")
SHA: Final = Field(_matches(_SHA), "a commit's id")
SHA_OR_NONE_LEFT: Final = Field(lambda value: value == "" or SHA.fits(value), 'a commit\'s id or ""')
KEY: Final = Field(_matches(_KEY), "an event's key")
SOURCE: Final = Field(lambda value: SHA.fits(value) or KEY.fits(value), "a commit's id or an event's key")
WORD: Final = Field(_matches(_WORD), "a word", is_told=True)
TEXT: Final = Field(lambda value: isinstance(value, str), "a text", is_told=True)
TEXTS: Final = list_of(TEXT)
IDS: Final = list_of(ID)
WHOLE: Final = Field(_is_whole, "a whole number")
COUNT: Final = Field(lambda value: _is_whole(value) and value >= 0, "a number of things")
SHARE: Final = Field(
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1, "from 0 to 1"
)
FLAG: Final = within(0, 1)
OBJECT: Final = Field(_is_json_object, f"an object, at most {MAX_DEPTH} deep", is_told=True, is_json=True)


def texts_in(value: Any) -> list[str]:
    """Every text of a JSON value, names of fields too."""
    found: list[str] = []
    _gather(value, found)
    return found


def _gather(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, list):
        for each in value:
            _gather(each, found)
    elif isinstance(value, dict):
        for name, each in value.items():
            found.append(name)
            _gather(each, found)


def with_texts(value: Any, clean: Iterator[str]) -> Any:
    """The value with other texts in the same places."""
    if isinstance(value, str):
        return next(clean)
    if isinstance(value, list):
        return [with_texts(each, clean) for each in value]
    if isinstance(value, dict):
        return {next(clean): with_texts(each, clean) for each in value.values()}
    return value
