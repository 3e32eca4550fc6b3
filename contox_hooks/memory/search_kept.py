"""What a process that searches again keeps of a project until anything in it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

from contox_hooks.memory.store import Store

T = TypeVar("T")

Kept = WeakKeyDictionary[object, dict[Hashable, tuple[Hashable, T]]]

_LOCK = threading.Lock()
"""A server's threads share what is kept."""
_MAX_KEPT = 4
"""Of a store: a server's few busy projects, each with all its vectors."""


def unchanged(
    kept: Kept[T], store: Store, project_id: str, make: Callable[[], T], *, of: Hashable = None, most: int = _MAX_KEPT
) -> T:
    """What was kept `of` a project, made anew after any change of it, by this connection or another."""
    stamp = store.stamp(project_id)
    with _LOCK:
        parts = kept.setdefault(store.shared, {})
        known = parts.get((project_id, of))
    if known is not None and known[0] == stamp:
        return known[1]
    made = make()
    with _LOCK:
        parts.pop((project_id, of), None)
        while len(parts) >= most:
            del parts[next(iter(parts))]
        parts[project_id, of] = (stamp, made)
    return made
