"""A line's fields without secrets, whoever wrote the file (invariant 5 of DESIGN.md), and without work to be done.

Pure. Must not know stores. Invariants: what an export of ours holds comes out as it is, but for stages that had not
ended well: a file must not make anything run here, that might be paid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contox_hooks.domain.redaction import redact, redact_all
from contox_hooks.exchange.field import Field, texts_in, with_texts
from contox_hooks.exchange.kind import KINDS
from contox_hooks.exchange.line import Line
from contox_hooks.memory.context import hash_of
from contox_hooks.memory.text import storable
from contox_hooks.wire.clean import clean_payload

_ENDED: Final = ("done", "skipped")


def clean(line: Line) -> dict[str, Any]:
    """The fields as they may be stored."""
    kind = KINDS[line.kind]
    fields = line.fields
    if line.kind == "event":
        fields = fields | {"key": _key(fields["key"])}
        if fields["type"] != "commit":
            return fields | {"payload": clean_payload(fields["payload"])}
    if line.kind == "job" and fields["status"] not in _ENDED:
        fields = fields | {"status": "skipped", "detail": f"{fields['status']} where it was exported"}
    owned = [(name, part, row) for name, part in kind.parts.items() for row in fields[name]]
    found, *rows = _redacted([(fields, kind.fields), *((row, part.fields) for _, part, row in owned)])
    found |= {name: [] for name in kind.parts}
    for (name, _, _), row in zip(owned, rows, strict=True):
        found[name].append(row | {"commit_sha": _key(row["commit_sha"])} if name == "evidence" else row)
    if line.kind == "context" and found["content"] != fields["content"]:
        found |= {"size": len(found["content"]), "content_hash": hash_of(found["content"])}
    return found


def _key(key: str) -> str:
    """Of an event; where a secret stands in it, one that says nothing."""
    if redact(key).text == key:
        return key
    return f"{key.partition(':')[0]}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def clean_project(fields: Mapping[str, Any], wanted: Mapping[str, Field]) -> dict[str, Any]:
    return _redacted([(fields, wanted)])[0]


def _redacted(rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Field]]]) -> list[dict[str, Any]]:
    """In one look: most hold nothing."""
    told = [
        {name: _storable(fields[name], field) for name, field in wanted.items() if field.is_told}
        for fields, wanted in rows
    ]
    texts, _ = redact_all(texts_in([list(row.values()) for row in told]))
    rest = iter(texts)
    return [
        {**fields, **{name: with_texts(value, rest) for name, value in row.items()}}
        for (fields, _), row in zip(rows, told, strict=True)
    ]


def _storable(value: Any, field: Field) -> Any:
    """Inside JSON every text can be stored."""
    return storable(value) if isinstance(value, str) and not field.is_json else value
