"""What no longer holds as far as the drift check saw it: conventions that commits went against, and all else in doubt.

Pure, over items. Invariant: each names the item and, by the item's own reason, the commit and the path that made it
doubtful; nothing is asked of a model (CONTRACT.md section 1.4, `drift-check`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from contox_hooks.domain.item import Item, ItemType
from contox_hooks.memory.report.telling import counted, iso
from contox_hooks.memory.review import blamed_commit

BASELINE: Final[tuple[ItemType, ...]] = ("convention", "decision", "architecture")
"""What a change can go against; the rest only becomes outdated."""
_SEVERAL: Final = "items on decisions, conventions and architecture"
_SEVERITIES: Final = {5: "critical", 4: "high", 3: "medium"}


@dataclass(frozen=True, slots=True)
class Drifts:
    drifted: tuple[Item, ...]
    """Of the baseline, in doubt by a commit; the most important of each type first."""
    baseline: int
    """Items of it, active or in review."""

    @property
    def message(self) -> str:
        of = counted(self.baseline, "item on decisions, conventions and architecture", _SEVERAL)
        return f"{len(self.drifted)} of {of} may no longer hold" if self.drifted else f"none of {of} has drifted"

    def to_wire(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "driftsDetected": len(self.drifted),
            "itemsChecked": self.baseline,
            "baselineSize": self.baseline,
            "details": [
                {
                    "convention": item.title,
                    "baselineItemId": item.id,
                    "violation": item.status_reason or "",
                    "files": list(item.files),
                    "severity": severity_of(item),
                }
                for item in self.drifted
            ],
            "usage": {"promptTokens": 0, "completionTokens": 0},
        }


def has_drifted(item: Item) -> bool:
    return item.status == "review" and blamed_commit(item.status_reason) is not None


def severity_of(item: Item) -> str:
    """By importance, 1 to 5."""
    return _SEVERITIES.get(item.importance, "low")


def problem(item: Item) -> dict[str, Any]:
    """One of `GET …/drift-check`."""
    return {
        "id": item.id,
        "kind": "drift",
        "description": f"{item.title}: {item.status_reason}",
        "itemIds": [item.id],
        "severity": severity_of(item),
        "status": "open",
        "createdAt": iso(item.updated_at),
    }
