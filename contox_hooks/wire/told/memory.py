"""Brain, search, items and answers as a server tells of them (CONTRACT.md section 1.3)."""

from __future__ import annotations

from typing import Any, Final

from contox_hooks.wire.item import MOST_IMPORTANT, STATUS_WORDS, state_of
from contox_hooks.wire.loose import count_of, name_of, object_of, objects_of, text_of
from contox_hooks.wire.told.form import (
    Form,
    field,
    flag,
    moment,
    number,
    number_if_any,
    part,
    rows,
    texts,
    told,
    words,
)

_DEEPEST: Final = 12
"""Levels of a tree: schema keys have three."""


def _status(value: object) -> str:
    word = text_of(value, "active").lower()
    return STATUS_WORDS.get(word, word)


def _importance(value: object) -> float:
    """0 to 1, as the real clients grade it; the documentation's are 1 to 5."""
    found = number(value)
    return found / MOST_IMPORTANT if found > 1 else found


_EVIDENCE: Final[Form] = {
    "commitSha": field(words, "sha"),
    "eventKey": field(words),
    "path": field(words),
    "quote": field(text_of),
    "eventId": field(words),
}

ITEM: Final[Form] = {
    "itemId": field(name_of, "id"),
    "id": field(name_of, "itemId"),
    "projectId": field(name_of),
    "type": field(text_of),
    "title": field(text_of),
    "facts": field(text_of, "content"),
    "content": field(text_of, "facts"),
    "rationale": field(words),
    "impact": field(words),
    "files": field(texts),
    "schemaKey": field(text_of),
    "commitRange": field(words),
    "sourceRef": field(words),
    "confidence": field(number),
    "importance": field(_importance),
    "tags": field(texts),
    "dedupHint": field(words),
    "status": field(_status, "state"),
    "state": field(lambda value: state_of(_status(value)), "status"),
    "statusReason": field(words),
    "approvedAt": field(moment),
    "sessionId": field(words),
    "mergedFrom": field(texts),
    "supersededBy": field(words),
    "lastReinforcedAt": field(moment),
    "evidenceRefs": field(rows(_EVIDENCE)),
    "happenedAt": field(moment, "createdAt"),
    "createdAt": field(moment),
    "updatedAt": field(moment, "createdAt"),
}

ITEMS: Final[Form] = {"items": field(rows(ITEM)), "total": field(count_of), "hasMore": field(flag)}

_RESULT: Final[Form] = {
    "itemId": field(name_of, "id"),
    "type": field(text_of),
    "title": field(text_of),
    "facts": field(text_of, "content"),
    "schemaKey": field(text_of),
    "similarity": field(number, "score"),
    "confidence": field(number),
    "files": field(texts),
    "commits": field(texts),
    "eventKey": field(words),
    "compositeScore": field(number_if_any),
}

_HIT: Final[Form] = {**_RESULT, "status": field(_status), "matchedBy": field(words)}

SEARCH: Final[Form] = {
    "results": field(rows(_HIT)),
    "query": field(text_of),
    "totalCandidates": field(count_of, "total"),
}

USAGE: Final[Form] = {name: field(count_of) for name in ("promptTokens", "completionTokens", "totalTokens")}

ANSWER: Final[Form] = {
    "question": field(text_of),
    "answer": field(text_of),
    "sources": field(rows(_RESULT)),
    "avgSimilarity": field(number),
    "usage": field(part(USAGE)),
    "model": field(text_of),
    "dropped": field(count_of),
    "trouble": field(words),
}

_LAYERS: Final[Form] = {name: field(count_of) for name in ("layer0", "layer1", "layer2", "archived")}

_BRAIN: Final[Form] = {
    "document": field(text_of, "markdown"),
    "summary": field(text_of),
    "tokenEstimate": field(count_of),
    "itemsLoaded": field(count_of, "itemCount"),
    "itemsLeftOut": field(count_of),
    "schemaKeys": field(texts),
    "brainHash": field(text_of),
    "tree": field(lambda value: _nodes(value, _DEEPEST)),
    "layers": field(part(_LAYERS)),
    "markdown": field(text_of, "document"),
}


def brain_told(data: object) -> dict[str, Any]:
    """Both sets of names, also where the server has one of them. Raises ValueError when there is no document."""
    values = object_of(data)
    inner = object_of(values.get("metadata"))
    brain = told({**inner, **values}, _BRAIN)
    if not isinstance(values.get("document", values.get("markdown")), str):
        raise ValueError("the answer holds no document")
    brain["tokenEstimate"] = brain["tokenEstimate"] or -(-len(brain["document"]) // 4)
    brain["metadata"] = {
        "itemCount": brain["itemsLoaded"],
        "tokenEstimate": brain["tokenEstimate"],
        "assembledAt": moment(inner.get("assembledAt")),
        "schemaKeys": brain["schemaKeys"],
    }
    return {name: brain[name] for name in (*_BRAIN, "metadata")}


def _nodes(value: object, deepest: int) -> list[dict[str, Any]]:
    return [
        {
            "schemaKey": text_of(row.get("schemaKey")),
            "name": text_of(row.get("name")),
            "itemCount": count_of(row.get("itemCount")),
            "children": _nodes(row.get("children"), deepest - 1),
        }
        for row in (objects_of(value) if deepest else ())
    ]
