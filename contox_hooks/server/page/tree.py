"""The tree of schema keys as far as a page shows it: what is open, and what stands beside it.

Pure. Invariant: a page's tree is bounded by how deep keys are, not by how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contox_hooks.memory.brain_tree import Node

MOST: Final = 100
"""Keys of one level; the field Key finds the others."""


@dataclass(frozen=True, slots=True)
class Branch:
    node: Node
    below: Level | None
    """None: nothing is below it, or it is closed."""


@dataclass(frozen=True, slots=True)
class Level:
    branches: tuple[Branch, ...]
    more: int
    """Keys that are not shown."""


def opened(nodes: Sequence[Node], key: str) -> Level:
    """With the branch open that leads to the key, and below it."""
    shown = [node for place, node in enumerate(nodes) if place < MOST or _is_open(node, key)]
    branches = tuple(
        Branch(node, opened(node.children, key) if node.children and _is_open(node, key) else None) for node in shown
    )
    return Level(branches, len(nodes) - len(shown))


def _is_open(node: Node, key: str) -> bool:
    return key == node.schema_key or key.startswith(f"{node.schema_key}/")
