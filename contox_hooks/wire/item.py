"""Memory items on the wire, in both name sets (CONTRACT.md sections 1.3 and 6). Pure.

Invariant: importance is 1 to 5 with us and 0.2 to 1.0 there, where the real clients grade it (section 0, decision 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contox_hooks.domain.item import ITEM_STATUSES, Evidence, Item, ItemStatus
from contox_hooks.wire.envelope import iso_ms

MOST_IMPORTANT: Final = 5

STATUS_WORDS: Final[Mapping[str, ItemStatus]] = {
    **{status: status for status in ITEM_STATUSES}, "approved": "active", "draft": "review",
}  # fmt: skip
"""The clients' words, and those of the documentation."""

_DOCUMENTED: Final[Mapping[str, str]] = {"active": "approved", "review": "draft"}


def state_of(status: str) -> str:
    """The documentation's word for one of ours."""
    return _DOCUMENTED.get(status, "deprecated")


def item_object(item: Item) -> dict[str, Any]:
    """`evidenceRefs` is empty where the item was read without its evidence."""
    head = (item.commit_range or "").rpartition("..")[2]
    return {
        "itemId": item.id,
        "id": item.id,
        "projectId": item.project_id,
        "type": item.type,
        "title": item.title,
        "facts": item.facts,
        "content": item.facts,
        "rationale": item.rationale,
        "impact": item.impact,
        "files": list(item.files),
        "schemaKey": item.schema_key,
        "commitRange": item.commit_range,
        "sourceRef": f"git:{head}" if head else None,
        "confidence": item.confidence,
        "importance": item.importance / MOST_IMPORTANT,
        "tags": list(item.tags),
        "dedupHint": item.dedup_hint,
        "status": item.status,
        "state": state_of(item.status),
        "statusReason": item.status_reason,
        "approvedAt": _iso(item.approved_at),
        "sessionId": item.session_id,
        "mergedFrom": list(item.merged_from),
        "supersededBy": item.superseded_by,
        "lastReinforcedAt": _iso(item.last_reinforced_at),
        "evidenceRefs": [_evidence_ref(found) for found in item.evidence],
        "happenedAt": iso_ms(item.at_utc),
        "createdAt": iso_ms(item.created_at),
        "updatedAt": iso_ms(item.updated_at),
    }  # fmt: skip


def _evidence_ref(found: Evidence) -> dict[str, Any]:
    sha, key = (found.commit_sha, None) if found.is_of_commit else (None, found.commit_sha)
    return {"commitSha": sha, "eventKey": key, "path": found.path, "quote": found.quote, "eventId": found.event_id}


def _iso(at: int | None) -> str | None:
    return None if at is None else iso_ms(at)
