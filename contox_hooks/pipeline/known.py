"""What a worker knows of a project's memory while it goes through its runs, so that each run does not read it anew."""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.item import Item
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.memory.vector import Vectors, of_item
from contox_hooks.pipeline.dedup import DedupItem


class Known:
    """The shown items that went through dedup, and their vectors. Others may change rows meanwhile: whoever writes
    by it looks again."""

    def __init__(self, store: Store, project_id: str, model: str, *, without: set[str]) -> None:
        rows = store.rows(sql.ALL_SHOWN, project_id=project_id)
        self._items = {row["id"]: _bare(row) for row in rows if row["id"] not in without}
        loaded = Vectors.load(store, project_id, model)
        keep = [index for index, item_id in enumerate(loaded.ids) if item_id in self._items]
        self.vectors = Vectors([loaded.ids[index] for index in keep], loaded.matrix[keep])

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    @property
    def items(self) -> list[DedupItem]:
        return list(self._items.values())

    def add(self, items: Iterable[DedupItem]) -> None:
        for item in items:
            self._items[item.id] = item
            if item.vectors is not None:
                self.vectors.append(item.id, item.vectors)

    def forget(self, item_id: str) -> None:
        """Its vectors stay, without effect, until the worker ends."""
        self._items.pop(item_id, None)


def candidate(store: Store, item: Item, model: str) -> DedupItem:
    return DedupItem(
        item.id, item.type, item.dedup_hint, item.title, item.facts, item.at_utc, item.created_at,
        of_item(store, item.id, model),
    )  # fmt: skip


def _bare(row: Row) -> DedupItem:
    return DedupItem(
        row["id"], row["type"], row["dedup_hint"], row["title"], row["facts"], row["at_utc"], row["created_at"]
    )
