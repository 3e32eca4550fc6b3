"""Items for tests of what is told from them."""

from __future__ import annotations

from typing import Any

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.item import Item
from tests.memory.events import DAY, sha


def item(number: int, title: str, **fields: Any) -> Item:
    """An active implementation of importance 3 in app.py, by commit `number`."""
    said = {
        "type": "implementation", "facts": "", "schema_key": "root/implementation", "confidence": 0.8,
        "importance": 3, "status": "active", "files": ("app.py",), "at_utc": DAY,
        "commit_range": f"{sha(number)}..{sha(number)}", "session_id": "s1",
    }  # fmt: skip
    return Item(id=f"01ITEM{number:020d}", project_id="p", title=title, **{**said, **fields})


def touch(number: int, *paths: str, at: int = DAY) -> Touch:
    return Touch(sha(number), at, paths)
