"""Schema keys as a tree: `root/api/orders` is `orders` in `api`.

Pure. Invariant: a node counts its own items and those below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ROOT = "root/"
_MAX_DEPTH = 6
"""Levels; a deeper key's rest is one name. The contract's keys have three with the root (CONTRACT.md section 6)."""


@dataclass(frozen=True, slots=True)
class Node:
    schema_key: str
    name: str
    item_count: int
    children: tuple[Node, ...]

    def to_wire(self) -> dict[str, Any]:
        """CONTRACT.md section 1.3."""
        return {
            "schemaKey": self.schema_key,
            "name": self.name,
            "itemCount": self.item_count,
            "children": [child.to_wire() for child in self.children],
        }


def tree_of(schema_keys: Iterable[str] | Mapping[str, int]) -> tuple[Node, ...]:
    """One key an item, or how many items a key has. The first level is what stands under `root`, by name."""
    counts: Counter[str] = Counter()
    below: dict[str, set[str]] = {}
    for key, count in Counter(schema_keys).items():
        rest = key.removeprefix(_ROOT)
        above = ""
        for part in filter(None, rest.split("/", _MAX_DEPTH - 1)):
            path = f"{above}/{part}" if above else key[: len(key) - len(rest)] + part
            below.setdefault(above, set()).add(path)
            counts[path] += count
            above = path
    return _children("", below, counts)


def _children(above: str, below: dict[str, set[str]], counts: Counter[str]) -> tuple[Node, ...]:
    return tuple(
        Node(path, path.removeprefix(f"{above}/" if above else _ROOT), counts[path], _children(path, below, counts))
        for path in sorted(below.get(above, ()))
    )
