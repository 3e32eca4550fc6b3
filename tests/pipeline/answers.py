"""Answers of a model as tests want them: well-formed, proven by the digests they are for, then bent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item, ItemType


def entry(digest: CommitDigest, **changes: Any) -> dict[str, Any]:
    """One item that quotes the commit's subject."""
    return {
        "type": "decision",
        "title": f"About {digest.subject}",
        "facts": f"{digest.subject}, in full",
        "rationale": None,
        "impact": None,
        "schemaKey": "root/data",
        "files": [change.path for change in digest.files],
        "tags": ["storage"],
        "importance": 4,
        "confidence": 0.8,
        "dedupHint": None,
        "evidence": [quote(digest)],
        "verdict": {"kind": "new", "itemId": None, "reason": ""},
        **changes,
    }


def quote(digest: CommitDigest, text: str | None = None, path: str | None = None) -> dict[str, Any]:
    return {"commit": digest.sha[:12], "path": path, "quote": text if text is not None else digest.subject}


def verdict(kind: str, item_id: str | None, reason: str = "because") -> dict[str, Any]:
    return {"kind": kind, "itemId": item_id, "reason": reason}


def answer(*entries: Mapping[str, Any], summary: str = "What was done, in short.") -> str:
    return json.dumps({"executiveSummary": summary, "items": list(entries)})


def known_item(number: int = 1, *, type: ItemType = "decision", **fields: Any) -> Item:
    values: dict[str, Any] = {
        "id": f"01J{number:023d}",
        "project_id": "p",
        "session_id": "s",
        "type": type,
        "title": f"Known thing {number}",
        "facts": f"- thing {number} is so",
        "schema_key": "root/decisions",
        "confidence": 0.8,
        "importance": 4,
        "status": "active",
        **fields,
    }
    return Item(**values)
