"""A page of items (CONTRACT.md section 1.3); one item's object is wire/item.py's."""

from __future__ import annotations

from typing import Any

from contox_hooks.domain.item import ItemStatus, ItemType
from contox_hooks.memory.kept import kept_count
from contox_hooks.memory.service import Service
from contox_hooks.wire.item import item_object


def items_object(
    service: Service,
    project_id: str,
    *,
    type: ItemType | None = None,
    schema_key: str | None,
    status: ItemStatus | None,
    limit: int,
    offset: int,
) -> dict[str, Any]:
    """The most important first, then the newest; None: any. `schema_key`: how the key begins."""
    where: dict[str, Any] = {"type": type, "schema_key": schema_key, "status": status}
    found = service.items.page(project_id, limit=limit, offset=offset, **where)
    total = kept_count(service, project_id, **where)
    told = [item_object(each) for each in found]
    return {"items": told, "total": total, "hasMore": offset + len(found) < total}
