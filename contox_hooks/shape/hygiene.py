"""A hygiene plan in both name sets of CONTRACT.md section 1.4; the plan itself is memory/hygiene's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from contox_hooks.domain.item import Item
from contox_hooks.memory.hygiene.action import Action
from contox_hooks.memory.hygiene.plan import Plan
from contox_hooks.memory.service import Service

_FIELDS: Final[Mapping[str, str]] = {
    "title": "title", "tags": "tags", "dedupHint": "dedup_hint", "facts": "facts", "rationale": "rationale",
}  # fmt: skip


def plan_object(service: Service, plan: Plan) -> dict[str, Any]:
    """As `plan_from` reads it again. Raises NotFound for an item that has gone since."""
    items = {target: service.items.get(target) for action in plan.actions for target in action.target_ids}
    told = plan.to_json()
    ids = "\n".join(action.id for action in plan.actions)
    return {
        **told,
        "planVersion": str(told["planVersion"]),
        "planId": hashlib.sha256(ids.encode()).hexdigest()[:16],
        "itemsAnalyzed": plan.total,
        "actions": [_action_object(action, items) for action in plan.actions],
    }


def _action_object(action: Action, items: Mapping[str, Item]) -> dict[str, Any]:
    first = items[action.target_ids[0]]
    before = {name: getattr(first, _FIELDS[name]) for name in action.patch}
    return {
        **action.to_json(),
        "id": action.id,
        "itemId": first.id,
        "itemIds": list(action.target_ids),
        "description": action.reason,
        "before": before or None,
        "after": dict(action.patch) or None,
    }
