"""Many contexts at once, as scanners write them: each is found by its schema key, and made where it is not there.

Invariant: one run makes of each node one context; the same run again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contox_hooks.memory.context import Context, Contexts, kept
from contox_hooks.memory.store import Store


@dataclass(frozen=True, slots=True)
class Node:
    schema_key: str
    name: str
    content: str | None = None
    """None, as of the others: what is there stays."""
    description: str | None = None
    context_type: str | None = None
    tier: int | None = None
    parent_key: str | None = None
    """Where a new context goes, if the project has this key."""


@dataclass(frozen=True, slots=True)
class Populated:
    run_id: str
    """Stands as `source_ref` in what the run wrote."""
    created: int
    updated: int
    unchanged: int


class _DryRun(Exception):
    pass


def populate(
    store: Store, project_id: str, nodes: Sequence[Node], *, source: str | None = None, dry_run: bool = False
) -> Populated:
    """All or nothing; a dry run takes everything back, so it must not stand in a transaction. What is new is a draft.
    Raises Refused where the project is full, UsageError where it would be too deep."""
    run = _Run(store, project_id, nodes, source)
    try:
        with store.transaction():
            for node in nodes:
                run.take(node)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return Populated(run.id, run.count["created"], run.count["updated"], run.count["unchanged"])


class _Run:
    def __init__(self, store: Store, project_id: str, nodes: Sequence[Node], source: str | None) -> None:
        self.id = store.new_id()
        self.count: dict[Literal["created", "updated", "unchanged"], int] = dict.fromkeys(
            ("created", "updated", "unchanged"), 0
        )
        self._contexts = Contexts(store)
        self._project_id = project_id
        self._source = source
        self._names = {(node.schema_key, kept(node.name)) for node in nodes}
        self._taken: dict[str, tuple[str, str]] = {}
        """By context: the key as it was sent and the name. Keys that hold secrets may be stored as one."""

    def take(self, node: Node) -> None:
        context = self._context_of(node)
        if context is None:
            context = self._create(node)
            self.count["created"] += 1
        else:
            changed = self._changed(context, node)
            self.count["updated" if changed else "unchanged"] += 1
        self._taken[context.id] = (node.schema_key, kept(node.name))

    def _context_of(self, node: Node) -> Context | None:
        """The CLI's scanner gives two nodes one key (`root/frontend/layout`): their names tell them apart."""
        there = self._contexts.page(self._project_id, schema_key=node.schema_key)
        mine = (node.schema_key, kept(node.name))
        same = [
            context
            for context in there
            if context.name == kept(node.name) and self._taken.get(context.id, mine) == mine
        ]
        free = [
            context
            for context in there
            if context.id not in self._taken and (node.schema_key, context.name) not in self._names
        ]
        return next(iter(same + free), None)

    def _create(self, node: Node) -> Context:
        parents = [] if node.parent_key is None else self._contexts.page(self._project_id, schema_key=node.parent_key)
        return self._contexts.create(
            self._project_id, node.name, description=node.description, content=node.content or "",
            parent_id=parents[0].id if parents else None, schema_key=node.schema_key, context_type=node.context_type,
            tier=node.tier, source=self._source, source_ref=self.id,
        )  # fmt: skip

    def _changed(self, context: Context, node: Node) -> bool:
        given: dict[str, Any] = {
            "name": node.name, "description": node.description, "content": node.content,
            "context_type": node.context_type, "tier": node.tier,
        }  # fmt: skip
        given = {name: kept(value) if isinstance(value, str) else value for name, value in given.items()}
        values = {name: value for name, value in given.items() if value is not None and value != getattr(context, name)}
        if values:
            self._contexts.change(context.id, {**values, "source": self._source, "source_ref": self.id})
        return bool(values)
