"""The rows of a statement over a list of any length: `{wanted}` in it becomes the list.

Must not know the statements. Invariant: no statement has more values than both databases take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from contox_hooks.memory.store import Row, Store

_AT_ONCE = 200


def rows_among(store: Store, statement: str, wanted: Iterable[str], **values: Any) -> Iterator[Row]:
    rest = iter(wanted)
    while some := list(islice(rest, _AT_ONCE)):
        names = {f"wanted_{number}": value for number, value in enumerate(some)}
        listed = ", ".join(f":{name}" for name in names)
        yield from store.rows(statement.format(wanted=listed), **names, **values)
