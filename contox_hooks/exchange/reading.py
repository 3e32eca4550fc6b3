"""A project's memory as lines, out of a store.

Owns the order, and which columns go out. Must not know files. Invariants: the same memory gives the same bytes; one
moment of it is told; a page of rows is in memory at a time; no key, secret or folder of this machine is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from contox_hooks.domain.error import NotFound, StoreError
from contox_hooks.exchange.field import Field
from contox_hooks.exchange.kind import KINDS, PROJECT, Kind
from contox_hooks.exchange.line import end, head, written
from contox_hooks.memory.among import rows_among
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.memory.text import storable

AT_ONCE: Final = 500
"""Rows; a commit's has at most some 160 kB."""

PARTS: Final[Mapping[str, str]] = {"evidence": sql.EVIDENCE_NAMED, "item_file": sql.FILES_NAMED}
"""The rows of each part by what owns them."""


def exported(store: Store, project_id: str) -> Iterator[bytes]:
    """The lines of a file, of one moment; others go on writing. Raises NotFound, StoreError."""
    with _moment(store):
        project = store.row(sql.PROJECT, id=project_id)
        if project is None:
            raise NotFound(f"there is no project {project_id}", hint="contox-hooks projects")
        yield head(told(project, PROJECT))
        count = 0
        for kind in KINDS.values():
            for rows in _pages(store, kind, project_id):
                for fields in with_parts(store, kind, rows):
                    count += 1
                    yield written(kind.table, fields)
        yield end(count)


@contextmanager
def _moment(store: Store) -> Iterator[None]:
    connection = store.count(sql.CONNECTION)
    store.run(sql.BEGIN_READING)
    try:
        yield
        if store.count(sql.CONNECTION) != connection:
            raise StoreError(f"the connection to {store.where} was lost on the way", hint="export it again")
    finally:
        store.run(sql.END_READING)


def with_parts(store: Store, kind: Kind, rows: list[Row]) -> Iterator[dict[str, Any]]:
    """The fields of each row, what belongs to it included."""
    owned: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name, part in kind.parts.items():
        by_owner = owned[name] = {row["id"]: [] for row in rows}
        for found in rows_among(store, PARTS[part.table], by_owner):
            by_owner[found[str(part.owner)]].append(told(found, part.fields))
    for row in rows:
        yield told(row, kind.fields) | {name: owned[name][row["id"]] for name in kind.parts}


def told(row: Row, fields: Mapping[str, Field]) -> dict[str, Any]:
    """As any of the databases would have it."""
    return {name: _value(row[name], field) for name, field in fields.items()}


def _value(value: Any, field: Field) -> Any:
    if not isinstance(value, str):
        return value
    return json.loads(value) if field.is_json else storable(value)


def _pages(store: Store, kind: Kind, project_id: str) -> Iterator[list[Row]]:
    after: dict[str, Any] = {}
    while rows := store.rows(
        sql.page(kind.table, kind.key, kind.of, is_first=not after), project_id=project_id, limit=AT_ONCE, **after
    ):
        yield rows
        if len(rows) < AT_ONCE:
            return
        after = {f"after_{number}": rows[-1][name] for number, name in enumerate(kind.key)}
