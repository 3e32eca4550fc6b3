"""What may no longer hold, from what the pipeline's drift check found (CONTRACT.md section 1.4, `drift-check`).

Invariant: what later history settled by itself is left out: nobody is asked about that.
"""

from __future__ import annotations

from typing import Any, Final

from contox_hooks.domain.item import Item, ItemType
from contox_hooks.memory.report.drift import BASELINE, Drifts, has_drifted, problem
from contox_hooks.memory.service import Service

_MOST: Final = 10_000
"""Items in doubt that are looked at, the most important first."""
_TOLD: Final = 500


def drift_object(service: Service, project_id: str) -> dict[str, Any]:
    """Of decisions, conventions and architecture; no model is asked, and nothing changes."""
    count = service.items.count
    baseline = sum(count(project_id, type=type, status=status) for type in BASELINE for status in ("active", "review"))
    found = [item for type in BASELINE for item in _drifted(service, project_id, type)]
    return Drifts(tuple(found), baseline).to_wire()


def problems_object(service: Service, project_id: str) -> dict[str, Any]:
    """Everything that a commit made doubtful and nobody has decided about."""
    found = _drifted(service, project_id)
    return {"problems": [problem(item) for item in found[:_TOLD]], "total": len(found)}


def _drifted(service: Service, project_id: str, type: ItemType | None = None) -> list[Item]:
    asked = service.reviews.queue(project_id, type=type, limit=_MOST)
    return [item for item in asked if has_drifted(item)]
