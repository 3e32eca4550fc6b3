"""How values come and go between PostgreSQL and the service: as SQLite gives and takes them.

Must not know statements. Invariant: a number is an int or a float, a truth an integer, bytes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.postgres import adapters


class NamedRow:
    """As sqlite3.Row: values by name and by place."""

    __slots__ = ("_places", "_values")

    def __init__(self, values: tuple[Any, ...], places: dict[str, int]) -> None:
        self._values = values
        self._places = places

    def __getitem__(self, key: Any, /) -> Any:
        return self._values[self._places[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        return list(self._places)

    def __repr__(self) -> str:
        return f"NamedRow({dict(zip(self._places, self._values, strict=True))})"


def named_rows(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], NamedRow]:
    # Not of `cursor.description`: it is made anew for every statement, and costs as much as the rest of it.
    result = cursor.pgresult
    names = [] if result is None else [result.fname(place) or b"" for place in range(result.nfields)]
    places = {name.decode(): place for place, name in enumerate(names)}
    return lambda values: NamedRow(tuple(values), places)


class _Number(Loader):
    """Sums of integers are `numeric` to PostgreSQL."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class _Truth(Dumper):
    """Truths are stored as 0 and 1."""

    oid = adapters.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"

    def quote(self, obj: bool) -> bytes:
        return self.dump(obj)


ADAPTERS = AdaptersMap(adapters)
ADAPTERS.register_loader("numeric", _Number)
ADAPTERS.register_dumper(bool, _Truth)
