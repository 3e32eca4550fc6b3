"""Forms of JSON objects: a name, how its value is read, and the other names it goes by.

Must not know what the values mean. Invariant: whatever a server says, a name of the form holds a value of its kind;
names that no form has stay as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from contox_hooks.wire.envelope import iso_ms
from contox_hooks.wire.jsontext import SAFE_INTEGER
from contox_hooks.wire.loose import first, object_of, objects_of, rows_of, text_of, time_of

Reader = Callable[[object], Any]
Form = Mapping[str, tuple[Reader, tuple[str, ...]]]

ABSENT: Final = object()
"""Read by a reader: the name is left out."""


def told(values: object, form: Form) -> dict[str, Any]:
    row = object_of(values)
    read = {name: reader(first(row, name, *others)) for name, (reader, others) in form.items()}
    return {**row, **{name: value for name, value in read.items() if value is not ABSENT}}


def field(reader: Reader, *others: str) -> tuple[Reader, tuple[str, ...]]:
    return reader, others


def rows(form: Form) -> Reader:
    return lambda value: [told(row, form) for row in objects_of(value)]


def part(form: Form) -> Reader:
    return lambda value: told(value, form)


def words(value: object) -> str | None:
    return text_of(value) or None


def texts(value: object) -> list[str]:
    """One text is a list of it."""
    return [value] if isinstance(value, str) else [each for each in rows_of(value) if isinstance(each, str)]


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= SAFE_INTEGER:  # also NaN
        return 0.0
    return float(value)


def number_if_any(value: object) -> object:
    return ABSENT if value is None else number(value)


def flag(value: object) -> bool:
    return value is True


def moment(value: object) -> str | None:
    """ISO 8601; a text stays as it came."""
    if isinstance(value, str):
        return value or None
    at = time_of(value)
    return None if at is None else iso_ms(at)
