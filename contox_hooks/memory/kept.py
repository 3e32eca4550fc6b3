"""Answers that a process gave before, kept until their project's memory changes: clients ask again and again for the
same ones, and what counts 100,000 items, as a brain does, takes tens of milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from contox_hooks.memory.brain import DEFAULT_BUDGET_TOKENS, Brain
from contox_hooks.memory.search_kept import Kept, unchanged
from contox_hooks.memory.service import Service

_BRAINS: Kept[Brain] = WeakKeyDictionary()
_COUNTS: Kept[int] = WeakKeyDictionary()
_LAYING = threading.Lock()
"""One is laid out at a time: who waits for it finds the same one made."""
_MOST_BRAINS, _MOST_COUNTS = 32, 1000
"""Of a store: a brain of the usual budget is 50 KB."""


def kept_brain(
    service: Service,
    project_id: str,
    *,
    budget_tokens: int = DEFAULT_BUDGET_TOKENS,
    min_confidence: float = 0.0,
    limit: int | None = None,
    active_files: Iterable[str] = (),
) -> Brain:
    """As `Service.brain`. Raises NotFound."""
    active = tuple(sorted(set(active_files)))
    name = service.projects.get(project_id).name

    def made() -> Brain:
        return service.brain(
            project_id, budget_tokens=budget_tokens, min_confidence=min_confidence, limit=limit, active_files=active
        )

    def kept(make: Callable[[], Brain]) -> Brain:
        asked = (name, budget_tokens, min_confidence, limit, active)
        return unchanged(_BRAINS, service.store, project_id, make, of=asked, most=_MOST_BRAINS)

    def made_once() -> Brain:
        with _LAYING:
            return kept(made)

    return kept(made_once)


def kept_count(service: Service, project_id: str, **where: Any) -> int:
    """As `Items.count`, which walks over all that it counts."""
    asked = tuple(sorted(where.items()))
    return unchanged(
        _COUNTS, service.store, project_id, lambda: service.items.count(project_id, **where), of=asked,
        most=_MOST_COUNTS,
    )  # fmt: skip
