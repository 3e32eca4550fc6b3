"""Everything of one store into another, of the same kind or of another database.

What is there already and equal is passed over, so that a move that was broken off goes on where it stopped, also when
the source went on living in between. Invariants: the source is only read, at one moment in time; a store that holds
something else is not written to; it is moved only when both say the same, row by row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contox_hooks.domain.error import Refused, StoreError
from contox_hooks.memory.search_rebuild import rebuild
from contox_hooks.memory.sql import access as access_sql
from contox_hooks.memory.sql import moving as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.memory.text import without_nul

AT_ONCE: Final = 500
UNDER_WAY: Final = "move_under_way"
"""The fact by which a store that is being filled is known; its value is the source."""

Tables = Mapping[str, tuple[str, ...]]
Told = Callable[[str, int, int], None]
"""Table, rows compared so far, rows written so far."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Of one table."""

    table: str
    rows: int
    written: int
    """Rows that were not there, or said something else."""
    digest: str
    """SHA-256 over all rows in the order of their keys; the same of both stores."""


def check_whole(store: Store) -> None:
    """Raises Refused for a store that a move has begun to fill: what came in now would be lost when it goes on."""
    found = store.row(access_sql.FACT, name=UNDER_WAY)
    if found is not None:
        raise Refused(
            f"{store.where} is half filled from {found['value']}", hint="run the same contox-hooks migrate again"
        )


def move_memory(
    source: Store, target: Store, told: Told = lambda *_: None, *, first: Callable[[], list[Moved]] = list
) -> list[Moved]:
    """`first`: what must be there before the target counts as whole. Raises Refused when the target holds another
    memory, StoreError when the two differ at the end."""
    with source.transaction():  # nobody writes meanwhile: one moment of the source
        _claim(source, target)
        moved = first() + _move(source, target, sql.MEMORY, told)
        with target.transaction():
            target.run(sql.CLEAR_WORDS)
            target.run(sql.CLEAR_NUMBERS)
            target.run(sql.NUMBER_ALL)
            rebuild(target)
            target.run(access_sql.DELETE_FACT, name=UNDER_WAY)
    return moved


def move_spend(source: Store, target: Store, told: Told = lambda *_: None) -> list[Moved]:
    """What was paid, on top of what the target knows: spending of two stores is the sum of both."""
    with source.transaction():
        return _move(source, target, sql.SPEND, told, is_alone=False)


def _claim(source: Store, target: Store) -> None:
    found = target.row(access_sql.FACT, name=UNDER_WAY)
    if found is None and any(target.count(sql.count(table)) for table in sql.MEMORY):
        raise Refused(
            f"{target.where} holds a memory already", hint="name an empty database; two memories cannot become one"
        )
    if found is not None and found["value"] != source.where:
        raise Refused(f"{target.where} is being filled from {found['value']}", hint="go on with that one first")
    with target.transaction():
        target.run(access_sql.SET_FACT, name=UNDER_WAY, value=source.where)


def _move(source: Store, target: Store, tables: Tables, told: Told, *, is_alone: bool = True) -> list[Moved]:
    if is_alone:  # first, or what came back under the same name would stand in the way of itself
        for table, key in reversed(list(tables.items())):
            _prune(source, target, table, key)
    written = {}
    for table, key in tables.items():
        written[table] = _fill(source, target, table, key, told, is_alone=is_alone)
    for table in [name for name in tables if name in sql.LATE]:
        _set_late(source, target, table, tables[table])
    return [_compared(source, target, table, key, written[table], is_alone=is_alone) for table, key in tables.items()]


def _fill(source: Store, target: Store, table: str, key: tuple[str, ...], told: Told, *, is_alone: bool) -> int:
    seen = written = 0
    for rows, bounds in _pages(source, table, key):
        there = {_key(row, key): _said(row) for row in target.rows(_range(table, key, bounds), **bounds)}
        late = sql.LATE.get(table)
        missing = [row for row in rows if there.get(_key(row, key)) != _said(row)]
        with target.transaction():
            for row in missing:
                values = {name: row[name] for name in row.keys()}  # noqa: SIM118
                if late is not None:
                    values[late] = None
                target.run(sql.put(table, key, list(values)), **values)
        seen, written = seen + len(rows), written + len(missing)
        told(table, seen, written)
    return written


def _set_late(source: Store, target: Store, table: str, key: tuple[str, ...]) -> None:
    for rows, _ in _pages(source, table, key):
        with target.transaction():
            for row in rows:
                if row[sql.LATE[table]] is not None:
                    named = {name: row[name] for name in key}
                    target.run(sql.set_late(table, key), late=row[sql.LATE[table]], **named)


def _prune(source: Store, target: Store, table: str, key: tuple[str, ...]) -> None:
    """What the source has forgotten since an earlier try."""
    for rows, bounds in _pages(target, table, key):
        there = {_key(row, key) for row in source.rows(_range(table, key, bounds), **bounds)}
        gone = [row for row in rows if _key(row, key) not in there and not _is_ours(table, row)]
        with target.transaction():
            target.run_many(sql.delete(table, key), [{name: row[name] for name in key} for row in gone])


def _compared(source: Store, target: Store, table: str, key: tuple[str, ...], written: int, *, is_alone: bool) -> Moved:
    wanted, rows = _digest(source, table, key, None)
    found, _ = _digest(target, table, key, None if is_alone else source)
    if wanted != found:
        raise StoreError(
            f"{table} in {target.where} does not say what {source.where} says", hint="run the same command again"
        )
    return Moved(table, rows, written, wanted)


def _digest(store: Store, table: str, key: tuple[str, ...], only_of: Store | None) -> tuple[str, int]:
    """Over all rows, or over those whose keys another store has."""
    digest, count = hashlib.sha256(), 0
    for rows, bounds in _pages(store, table, key):
        known = None
        if only_of is not None:
            known = {_key(row, key) for row in only_of.rows(_range(table, key, bounds), **bounds)}
        for row in rows:
            if _is_ours(table, row) or (known is not None and _key(row, key) not in known):
                continue
            digest.update(_said(row).encode())
            count += 1
    return digest.hexdigest(), count


def _pages(store: Store, table: str, key: tuple[str, ...]) -> Iterator[tuple[list[Row], dict[str, Any]]]:
    """Rows in the order of their keys, and the bounds of what lies between: after which key, up to which."""
    after: dict[str, Any] = {}
    while rows := store.rows(sql.page(table, key, is_first=not after), limit=AT_ONCE, **after):
        last = {f"to_{number}": rows[-1][name] for number, name in enumerate(key)}
        yield rows, after | (last if len(rows) == AT_ONCE else {})
        if len(rows) < AT_ONCE:
            return
        after = {f"after_{number}": rows[-1][name] for number, name in enumerate(key)}


def _range(table: str, key: tuple[str, ...], bounds: Mapping[str, Any]) -> str:
    return sql.between(table, key, is_first="after_0" not in bounds, is_last="to_0" not in bounds)


def _key(row: Row, key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(without_nul({name: row[name] for name in key}).values())


def _said(row: Row) -> str:
    """A row as text that does not depend on the database."""
    values = without_nul({name: row[name] for name in row.keys()})  # noqa: SIM118
    return json.dumps(values, sort_keys=True, default=lambda value: bytes(value).hex()) + "\n"


def _is_ours(table: str, row: Row) -> bool:
    return table == "server_fact" and row["name"] == UNDER_WAY
