"""One proposed change to some items, as a value and as the JSON of CONTRACT.md section 1.4.

Pure. Must not know rules, models or storage. Invariants: an action's id follows from its content; what an action may
change follows from its type, never from a file that says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from contox_hooks.domain.item import MAX_FACTS, MAX_RATIONALE, MAX_TAGS, MAX_TITLE, RELATION_KINDS, Item
from contox_hooks.memory.fingerprint import fingerprint

ActionType = Literal[
    "RENAME_TITLE", "RETAG", "FIX_DEDUPHINT", "MERGE_MEMORIES", "DEPRECATE_MEMORY", "NEEDS_EVIDENCE", "PATCH_FACTS",
    "PATCH_RATIONALE", "REDACT", "LINK_RELATED",
]  # fmt: skip

_TEXTS = ("title", "facts", "rationale", "impact", "evidence", "status")
SEEN_FIELDS: Final[Mapping[ActionType, tuple[str, ...]]] = {
    "RENAME_TITLE": ("title", "status"),
    "RETAG": ("tags", "status"),
    "FIX_DEDUPHINT": ("dedup_hint", "type", "status"),
    "MERGE_MEMORIES": (*_TEXTS, "type"),
    "DEPRECATE_MEMORY": (*_TEXTS, "status_reason"),
    "NEEDS_EVIDENCE": ("evidence", "status"),
    "PATCH_FACTS": ("facts", "status"),
    "PATCH_RATIONALE": ("rationale", "status"),
    "REDACT": _TEXTS,
    "LINK_RELATED": ("status",),
}
"""What an action was decided by: when it has changed since, the action is not applied."""
DESTRUCTIVE: Final = frozenset({"MERGE_MEMORIES", "DEPRECATE_MEMORY", "REDACT", "PATCH_FACTS", "PATCH_RATIONALE"})
"""Types that take something away."""

_PATCHED: Final[Mapping[str, tuple[str, int]]] = {
    "RENAME_TITLE": ("title", MAX_TITLE), "FIX_DEDUPHINT": ("dedupHint", 300), "PATCH_FACTS": ("facts", MAX_FACTS),
    "PATCH_RATIONALE": ("rationale", MAX_RATIONALE),
}  # fmt: skip
REDACTED_FIELDS: Final = ("title", "facts", "rationale", "impact", "evidence")
MAX_TARGETS = 20
_MAX_REASON = 500
_MAX_ID = 64


class Malformed(ValueError):
    """What is wrong, in words for people."""


@dataclass(frozen=True, slots=True)
class Action:
    type: ActionType
    target_ids: tuple[str, ...]
    reason: str
    confidence: float
    patch: Mapping[str, Any] = field(default_factory=dict)
    """By the wire's names: title, tags, dedupHint, facts, rationale."""
    into_id: str | None = None
    """MERGE: the target that stays."""
    superseded_by: str | None = None
    """DEPRECATE: what says it now."""
    links: tuple[tuple[str, str, str], ...] = ()
    """(from, to, relation)."""
    redactions: tuple[tuple[str, str, str], ...] = ()
    """(item id, field, name of the secret's rule)."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """Target to the fingerprint of SEEN_FIELDS when it was proposed."""

    @property
    def id(self) -> str:
        told = [self.type, self.target_ids, dict(self.patch), self.into_id, self.superseded_by, self.links,
                self.redactions, dict(self.seen)]  # fmt: skip
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:10]
        return f"{self.type.lower().replace('_', '-')}-{digest}"

    @property
    def is_destructive(self) -> bool:
        return self.type in DESTRUCTIVE

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "actionId": self.id,
            "type": self.type,
            "targetMemoryIds": list(self.target_ids),
            "reason": self.reason,
            "confidence": self.confidence,
            "requiresHumanApproval": self.is_destructive,
            "seen": dict(self.seen),
        }
        if self.patch:
            value["patch"] = dict(self.patch)
        if self.into_id:
            value["merge"] = {"intoMemoryId": self.into_id}
        if self.type == "DEPRECATE_MEMORY":
            value["deprecate"] = {"reason": self.reason, "supersededByMemoryId": self.superseded_by}
        if self.links:
            names = ("fromMemoryId", "toMemoryId", "relation")
            value["links"] = [dict(zip(names, link, strict=True)) for link in self.links]
        if self.redactions:
            names = ("memoryId", "field", "pattern")
            value["redactions"] = [dict(zip(names, each, strict=True)) for each in self.redactions]
        return value


def proposed(type: ActionType, items: Sequence[Item], reason: str, confidence: float, **content: Any) -> Action:
    """An action on items as they are now."""
    seen = {item.id: fingerprint(item, SEEN_FIELDS[type]) for item in items}
    return Action(type, tuple(item.id for item in items), reason, confidence, seen=seen, **content)


def action_of(value: object) -> Action:
    """Of JSON from anywhere. Raises Malformed. `actionId` and `requiresHumanApproval` are not read: they follow."""
    if not isinstance(value, dict):
        raise Malformed("it is no object")
    type_ = value.get("type")
    if not isinstance(type_, str) or type_ not in SEEN_FIELDS:
        raise Malformed(f"there is no action type {str(type_)[:40]!r}")
    targets = _ids(value.get("targetMemoryIds"), "targetMemoryIds")
    confidence = value.get("confidence", 0.5)
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 <= confidence <= 1:
        raise Malformed("confidence is not 0 to 1")
    seen = value.get("seen", {})
    if not isinstance(seen, dict) or not all(isinstance(each, str) for each in seen.values()):
        raise Malformed("seen is no object of texts")
    content: dict[str, Any] = {"patch": _patch(type_, value.get("patch"))}
    if type_ == "MERGE_MEMORIES":
        content["into_id"] = _text(_object(value.get("merge"), "merge").get("intoMemoryId"), "intoMemoryId", _MAX_ID)
        if content["into_id"] not in targets or len(targets) < 2:
            raise Malformed("merge: intoMemoryId is none of at least two targets")
    if type_ == "DEPRECATE_MEMORY":
        by = _object(value.get("deprecate") or {}, "deprecate").get("supersededByMemoryId")
        content["superseded_by"] = None if by is None else _text(by, "supersededByMemoryId", _MAX_ID)
    if type_ == "LINK_RELATED":
        content["links"] = _rows(value.get("links"), ("fromMemoryId", "toMemoryId", "relation"), "links")
        _check_links(content["links"], targets)
    if type_ == "REDACT":
        content["redactions"] = _rows(value.get("redactions"), ("memoryId", "field", "pattern"), "redactions")
        if any(each[0] not in targets or each[1] not in REDACTED_FIELDS for each in content["redactions"]):
            raise Malformed(f"redactions: of a target, in one of {', '.join(REDACTED_FIELDS)}")
    if type_ not in ("MERGE_MEMORIES", "LINK_RELATED") and len(targets) != 1:
        raise Malformed(f"{type_} has one target")
    reason = _text(value.get("reason", ""), "reason", _MAX_REASON, may_be_empty=True)
    return Action(cast("ActionType", type_), targets, reason, float(confidence), seen=dict(seen), **content)


def _patch(type_: str, value: object) -> dict[str, Any]:
    if type_ == "RETAG":
        tags = _object(value, "patch").get("tags")
        if not isinstance(tags, list) or len(tags) > MAX_TAGS or not all(isinstance(tag, str) for tag in tags):
            raise Malformed(f"patch: tags is no list of at most {MAX_TAGS} texts")
        return {"tags": [_text(tag, "tag", 60) for tag in tags]}
    if type_ not in _PATCHED:
        return {}
    name, limit = _PATCHED[type_]
    text = _object(value, "patch").get(name)
    if type_ == "PATCH_RATIONALE" and text is None:
        return {name: None}
    return {name: _text(text, f"patch: {name}", limit)}


def _check_links(links: tuple[tuple[str, str, str], ...], targets: tuple[str, ...]) -> None:
    for older, newer, relation in links:
        if relation not in RELATION_KINDS or older == newer or not {older, newer} <= set(targets):
            raise Malformed(f"links: two targets, and one of {', '.join(RELATION_KINDS)}")


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{name} is missing")
    return value


def _ids(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_TARGETS:
        raise Malformed(f"{name} is no list of 1 to {MAX_TARGETS}")
    ids = tuple(_text(each, name, _MAX_ID) for each in value)
    if len(set(ids)) != len(ids):
        raise Malformed(f"{name} names one twice")
    return ids


def _rows(value: object, names: tuple[str, str, str], what: str) -> tuple[tuple[str, str, str], ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_TARGETS:
        raise Malformed(f"{what} is no list of 1 to {MAX_TARGETS}")
    rows = []
    for each in value:
        found = _object(each, what)
        first, second, third = (_text(found.get(name), name, _MAX_ID) for name in names)
        rows.append((first, second, third))
    return tuple(rows)


def _text(value: object, name: str, limit: int, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or (not value.strip() and not may_be_empty):
        raise Malformed(f"{name} is no text")
    if len(value) > limit:
        raise Malformed(f"{name} has {len(value):,} characters, {limit:,} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{name} holds what is no text") from None
    return value
