"""What a process that searches again keeps of a store until anything in it changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

from contox_hooks.memory.sql import search as sql
from contox_hooks.memory.store import Store

T = TypeVar("T")

Kept = WeakKeyDictionary[Store, tuple[tuple[object, ...], dict[Hashable, T]]]

_MAX_KEPT = 4
"""Of a store: a server's few busy projects, each with all its vectors."""


def unchanged(kept: Kept[T], store: Store, make: Callable[[], T], *, of: Hashable = None) -> T:
    """What was kept `of` a part of this store, made anew after any change, by this connection or another."""
    stamp = tuple(store.row(sql.CHANGES) or ())
    found = kept.get(store)
    if found is None or found[0] != stamp:
        found = kept[store] = (stamp, {})
    parts = found[1]
    if of not in parts:
        made = make()
        if len(parts) == _MAX_KEPT:
            del parts[next(iter(parts))]
        parts[of] = made
    return parts[of]
