"""Undo: items as they were before a person's decision, merges included.

Owns the copy and the way back; must not know what was decided. Invariant: what somebody else changed since is not
overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contox_hooks.domain.error import Refused
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.item import Items
from contox_hooks.memory.merge import check_one_project
from contox_hooks.memory.sql import undo as sql
from contox_hooks.memory.store import Store

_Rows = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Items with all their rows, by id."""

    items: dict[str, dict[str, Any]]
    owned: dict[tuple[str, str], _Rows]
    """(table, item id) to its rows."""
    led: dict[str, str]
    """Other items that led to one of these, and to which."""


def copy_of(store: Store, item_ids: Iterable[str]) -> Copy:
    """Of these items, and of those that were merged into them before. Raises Refused for another project's."""
    found = Items(store)
    all_ids: dict[str, None] = {}
    for item in map(found.get, item_ids):
        check_one_project(item.project_id, map(found.get, item.merged_from))
        all_ids |= dict.fromkeys((item.id, *item.merged_from))
    items: dict[str, dict[str, Any]] = {}
    owned: dict[tuple[str, str], _Rows] = {}
    for item_id in all_ids:
        row = store.row(sql.ITEM, item_id=item_id)
        if row is None:
            continue
        items[item_id] = dict(row)
        for table in sql.OWNED:
            owned[table, item_id] = tuple(dict(each) for each in store.rows(sql.rows_of(table), item_id=item_id))
    led = {
        row["id"]: item_id
        for item_id, item in items.items()
        for row in store.rows(sql.LED_BY, project_id=item["project_id"], item_id=item_id)
    }
    return Copy(items, owned, {other: led_by for other, led_by in led.items() if other not in items})


def fingerprints(items: Items, item_ids: Iterable[str]) -> dict[str, str]:
    return {item_id: fingerprint(items.get(item_id)) for item_id in item_ids}


def put_back(store: Store, copy: Copy, *, expected: dict[str, str]) -> None:
    """All or none. `expected`: the fingerprints that the decision left; Refused when one differs now."""
    items = Items(store)
    with store.transaction():
        for item_id, left in expected.items():
            if fingerprint(items.get(item_id)) != left:
                raise Refused(f"{item_id} was changed by something else since", hint=f"contox-hooks memory {item_id}")
        for item_id, row in copy.items.items():
            store.run(sql.update(row), **row)
            for table in sql.OWNED:
                store.run(sql.delete_of(table), item_id=item_id)
        for (table, _), rows in copy.owned.items():
            for each in rows:
                store.run(sql.insert(table, each), **each)
        for item_id in copy.items:
            items.index(item_id)
        for item_id, led_by in copy.led.items():
            for led_to in copy.items:
                store.run(sql.LEAD_BACK, item_id=item_id, led_by=led_by, led_to=led_to)
