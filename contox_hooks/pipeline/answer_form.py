"""The form of an extraction's answer: its JSON Schema and the limits that a prompt tells and a reader holds.

Pure. Invariant: the schema is in the strict dialect that OpenAI-compatible endpoints take: every property required,
none besides, null where a value may be missing, no length or range (those stand in the prompt).
"""

from __future__ import annotations

from typing import Any

from contox_hooks.domain.item import ITEM_TYPES

MAX_ITEMS = 30
"""Of one answer: three a commit; more is no memory but a log."""
MAX_EVIDENCE = 12
"""Quotes of one item; the offline extractor gives as many at most."""
MAX_QUOTE = 300
MIN_QUOTE = 8
"""Characters; a shorter quote stands anywhere and proves nothing."""
MAX_REASON = 300
VERDICTS = ("new", "reinforces", "contradicts", "supersedes")


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}

SCHEMA: dict[str, Any] = _object(
    executiveSummary=_TEXT,
    items=_list(
        _object(
            type={"type": "string", "enum": list(ITEM_TYPES)},
            title=_TEXT,
            facts=_TEXT,
            rationale=_TEXT_OR_NULL,
            impact=_TEXT_OR_NULL,
            schemaKey=_TEXT,
            files=_list(_TEXT),
            tags=_list(_TEXT),
            importance={"type": "integer", "enum": [1, 2, 3, 4, 5]},
            confidence={"type": "number"},
            dedupHint=_TEXT_OR_NULL,
            evidence=_list(_object(commit=_TEXT, path=_TEXT_OR_NULL, quote=_TEXT)),
            verdict=_object(
                kind={"type": "string", "enum": list(VERDICTS)},
                itemId=_TEXT_OR_NULL,
                reason=_TEXT,
            ),
        )
    ),
)
SCHEMA_NAME = "memory"
