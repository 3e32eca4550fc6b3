"""A store's rows as they are, read in the order of their keys and written into another store.

A table that this list misses would be lost on the way: tests/memory/test_moving.py compares it with the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MEMORY: Mapping[str, tuple[str, ...]] = {
    "server_fact": ("name",),
    "project": ("id",),
    "project_clone": ("common_dir",),
    "person": ("id",),
    "member": ("project_id", "person_id"),
    "api_key": ("id",),
    "ticket": ("hash",),
    "session": ("id",),
    "event": ("id",),
    "rewrite": ("project_id", "old_sha"),
    "authored": ("project_id", "authored_at", "sha"),
    "run": ("id",),
    "job": ("id",),
    "chunk": ("session_id", "chunk_no"),
    "item": ("id",),
    "item_file": ("project_id", "path", "item_id", "cited_as"),
    "commit_file": ("project_id", "path", "at_utc", "event_id"),
    "evidence": ("item_id", "position"),
    "vector": ("item_id", "model", "chunk_no"),
    "relation": ("from_id", "to_id", "kind"),
    "delivery": ("project_id", "hash"),
    "answer": ("key_id", "idempotency_key"),
    "context": ("id",),
    "context_entry": ("id",),
    "context_link": ("project_id", "from_key", "to_key", "link_type"),
}
"""Tables with their keys, what others refer to first."""

SPEND: Mapping[str, tuple[str, ...]] = {"model_claim": ("project", "claim"), "model_call": ("id",)}

MADE_ANEW = ("item_number", "item_fts", "project_change", "migration")
"""Computed from the rest, or each store's own."""

# A context may hang under one with a later id.
LATE = {"context": "parent_id"}
"""A column that refers to its own table: written when all rows are there."""

CLEAR_WORDS = "DELETE FROM item_fts"

CLEAR_NUMBERS = "DELETE FROM item_number"

# In the order in which they came: the newest candidates of a search are those with the highest numbers.
NUMBER_ALL = "INSERT INTO item_number (item_id) SELECT id FROM item ORDER BY created_at, id"


def page(table: str, key: Sequence[str], *, is_first: bool) -> str:
    """The next rows after a key, given as `:after_0`, `:after_1`…"""
    names = ", ".join(key)
    after = ", ".join(f":after_{number}" for number in range(len(key)))
    where = "" if is_first else f"WHERE ({names}) > ({after})"
    return f"SELECT * FROM {table} {where} ORDER BY {names} LIMIT :limit"


def between(table: str, key: Sequence[str], *, is_first: bool, is_last: bool) -> str:
    """What stands after one key and up to another, given as `:to_0`…"""
    names = ", ".join(key)
    bounds = []
    if not is_first:
        bounds.append(f"({names}) > ({', '.join(f':after_{number}' for number in range(len(key)))})")
    if not is_last:
        bounds.append(f"({names}) <= ({', '.join(f':to_{number}' for number in range(len(key)))})")
    where = f"WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"SELECT * FROM {table} {where} ORDER BY {names}"


def put(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    values = ", ".join(f":{name}" for name in columns)
    rest = [name for name in columns if name not in key]
    update = ", ".join(f"{name} = excluded.{name}" for name in rest)
    then = f"DO UPDATE SET {update}" if rest else "DO NOTHING"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT ({', '.join(key)}) {then}"


def set_late(table: str, key: Sequence[str]) -> str:
    where = " AND ".join(f"{name} = :{name}" for name in key)
    return f"UPDATE {table} SET {LATE[table]} = :late WHERE {where}"


def delete(table: str, key: Sequence[str]) -> str:
    return f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = :{name}' for name in key)}"


def count(table: str) -> str:
    return f"SELECT COUNT(*) FROM {table}"
