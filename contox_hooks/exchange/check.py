"""Whether a file's lines can be a project's memory: each field, each reference, the order; line by line, from the top.

Must not know stores. Invariant: what comes out names only what came before it in the same file, and is complete: a
store that takes it line by line never holds a reference to nowhere, or one across projects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, Final

from contox_hooks.domain.item import ITEM_TYPES, Draft, Evidence
from contox_hooks.exchange.field import Field
from contox_hooks.exchange.kind import KINDS, PROJECT, VERSION, Kind
from contox_hooks.exchange.line import END, HEAD, Line, Malformed, shown
from contox_hooks.memory.context import MAX_DEPTH
from contox_hooks.memory.fold import origin_from
from contox_hooks.memory.text import storable
from contox_hooks.wire.commit import digest_of_payload, payload_of

_ORDER: Final = {name: place for place, name in enumerate(KINDS)}
_NAMED: Final = {kind for each in KINDS.values() for kind in each.refers.values()}
_OF_COMMIT: Final = ("sha", "parents", "author", "committer", "subject", "body")
"""Without them no reader of ours takes a digest (domain/digest.py)."""
_OF_RESULT: Final = ("drafts", "summary", "dropped", "commits", "branch")


def checked(lines: Iterable[Line]) -> Iterator[Line]:
    """The same lines, but for the last. Raises Malformed."""
    seen: dict[str, set[str]] = {name: set() for name in _NAMED}
    also: set[tuple[Any, ...]] = set()
    parents: dict[str, str] = {}
    last: tuple[int, tuple[Any, ...]] = (-1, ())
    for line in lines:
        if line.kind == HEAD:
            _check_head(line)
        elif line.kind == END:
            if lost := set(parents.values()) - seen["context"]:
                raise Malformed(line.number, f"no context {min(lost)}, under which another one hangs")
            continue
        else:
            kind = KINDS.get(line.kind)
            if kind is None:
                raise Malformed(line.number, f"there is no kind {shown(line.kind)}")
            _check_fields(line.number, line.kind, kind.fields, line.fields, set(kind.parts))
            _check_parts(line, kind)
            place = (_ORDER[line.kind], tuple(line.fields[name] for name in kind.key))
            if place <= last:
                raise Malformed(line.number, f"a {line.kind} out of its order, or twice")
            last = place
            for field, other in kind.refers.items():
                if line.fields[field] is not None and line.fields[field] not in seen[other]:
                    raise Malformed(line.number, f"{field} names no {other} of the lines before")
            if line.kind in seen:
                seen[line.kind].add(line.fields["id"])
            if kind.also:
                name = (line.kind, *(line.fields[each] for each in kind.also))
                if None not in name and name in also:
                    raise Malformed(line.number, f"a second {line.kind} of the same {' and '.join(kind.also)}")
                also.add(name)
            _check_sense(line, parents)
        yield line


def _check_head(line: Line) -> None:
    version = line.fields.get("version")
    if version != VERSION or isinstance(version, bool):
        raise Malformed(line.number, f"version {shown(version)} of the format; this program knows {VERSION}")
    project = line.fields.get("project")
    if not isinstance(project, dict) or set(line.fields) != {"version", "project"}:
        raise Malformed(line.number, "the beginning says of no project")
    _check_fields(line.number, "project", PROJECT, project, set())


def _check_fields(
    number: int, name: str, wanted: Mapping[str, Field], found: Mapping[str, Any], more: set[str]
) -> None:
    if missing := sorted(wanted.keys() - found.keys()):
        raise Malformed(number, f"{name}.{missing[0]} is missing")
    if unknown := sorted(found.keys() - wanted.keys() - more):
        raise Malformed(number, f"{name} has no field {shown(unknown[0])}")
    for field, spec in wanted.items():
        if not spec.fits(found[field]):
            raise Malformed(number, f"{name}.{field} is {spec.what}, not {shown(found[field])}")


def _check_parts(line: Line, kind: Kind) -> None:
    for name, part in kind.parts.items():
        rows = line.fields.get(name)
        if not isinstance(rows, list):
            raise Malformed(line.number, f"{line.kind}.{name} is a list")
        keys = set()
        for row in rows:
            if not isinstance(row, dict):
                raise Malformed(line.number, f"{line.kind}.{name} is a list of objects")
            _check_fields(line.number, name, part.fields, row, set())
            keys.add(tuple(storable(str(row[each])) for each in part.key if each != part.owner))
        if len(keys) < len(rows):
            raise Malformed(line.number, f"{line.kind}.{name} says the same twice")


def _check_sense(line: Line, parents: dict[str, str]) -> None:
    fields, why = line.fields, None
    if line.kind == "event":
        why = _fault_of_event(fields)
    elif line.kind == "chunk" and fields["result"] is not None and not _is_result(fields["result"]):
        why = "chunk.result is no answer of an extraction"
    elif line.kind == "item" and fields["origin"] is not None and not _is_origin(fields["origin"]):
        why = "item.origin is not what an item says"
    elif line.kind == "context" and fields["parent_id"] is not None:
        parents[fields["id"]] = fields["parent_id"]
        why = "contexts under each other, without end" if _depth(fields["id"], parents) > MAX_DEPTH else None
    if why is not None:
        raise Malformed(line.number, why)


def _fault_of_event(fields: Mapping[str, Any]) -> str | None:
    kind, _, sha = fields["key"].partition(":")
    if kind != fields["type"]:
        return "event.key is of another type"
    if kind != "commit":
        return None
    payload = fields["payload"]
    if payload.get("sha") != sha or any(name not in payload for name in _OF_COMMIT):
        return "event.payload is not that commit's digest"
    return None if _is_within(payload, payload_of(digest_of_payload(payload))) else "event.payload is no digest"


def _is_within(part: Any, whole: Any) -> bool:
    """Says nothing else, and nothing more."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _is_within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_within, part, whole))
    return type(part) is type(whole) and bool(part == whole)


def _is_result(result: Mapping[str, Any]) -> bool:
    try:
        drafts = [
            Draft(**{**fields, "evidence": tuple(Evidence(**found) for found in fields["evidence"])})
            for fields in result["drafts"]
        ]
    except (TypeError, KeyError):
        return False
    return all(name in result for name in _OF_RESULT) and all(
        draft.type in ITEM_TYPES
        and isinstance(draft.title, str)
        and isinstance(draft.facts, str)
        and all(map(_is_evidence, draft.evidence))
        for draft in drafts
    )


def _is_evidence(found: Evidence) -> bool:
    return isinstance(found.quote, str) and all(
        isinstance(each, (str, NoneType)) for each in (found.path, found.event_id)
    )


def _is_origin(origin: Mapping[str, Any]) -> bool:
    try:
        told = origin_from(json.dumps(origin))
    except (TypeError, KeyError, ValueError):
        return False
    texts = (told.title, told.facts, *told.files, *told.tags)
    rows = origin["evidence"]
    are_told = all(isinstance(row, list) for row in rows) and all(map(_is_evidence, told.evidence))
    return are_told and all(isinstance(text, str) for text in texts) and isinstance(told.at_utc, int)


def _depth(context_id: str, parents: Mapping[str, str]) -> int:
    depth, at = 0, context_id
    while at in parents and depth <= MAX_DEPTH:
        depth, at = depth + 1, parents[at]
    return depth
