"""Reading JSON that others wrote: each answers with the wanted type or the given default, and never raises.

Must not know what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from contox_hooks.wire.jsontext import SAFE_INTEGER

_MS_FROM: Final = 100_000_000_000
"""A time beyond it is in milliseconds: as seconds it would be past the year 5000."""
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|z|[+-]\d\d:?\d\d)?")


def first(values: Mapping[str, object], *names: str) -> object:
    """The first of these that is there and not null."""
    return next((values[name] for name in names if values.get(name) is not None), None)


def text_of(value: object, default: str = "") -> str:
    return value if isinstance(value, str) else default


def name_of(value: object) -> str:
    """An id or a name: numbers count as their digits."""
    return text_of(value) or (str(number) if (number := whole_of(value, -1)) >= 0 else "")


def whole_of(value: object, default: int = 0) -> int:
    """An integer that JavaScript can hold."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > SAFE_INTEGER:
        return default
    return value


def count_of(value: object) -> int:
    return max(0, whole_of(value))


def rows_of(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def object_of(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def objects_of(value: object) -> list[Mapping[str, object]]:
    return [row for row in rows_of(value) if isinstance(row, Mapping)]


def time_of(value: object) -> float | None:
    """Seconds since the epoch, from ISO 8601 (UTC where it names no zone) or a number of seconds or milliseconds."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if not abs(value) <= SAFE_INTEGER:  # also NaN
            return None
        return value / 1000 if abs(value) >= _MS_FROM else float(value)
    if not isinstance(value, str) or not _ISO.fullmatch(value.strip()):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
