"""The lines that deep enrichment adds to an item: what changed in a file, and how what it touches looks.

Pure; must not know git or the bounds. Invariant: a signature, route or schema is told once, and not again when the
item's own facts have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from contox_hooks.pipeline.source.change import Changes, Pair, field_pairs
from contox_hooks.pipeline.source.outline import Definition, Field, Outline, Route, Schema

_MAX_FIELDS_CHANGED = 8
"""Fields told of one schema's change; more are counted."""


def change_lines(path: str, changes: Changes, named: Collection[str], told: str) -> Iterator[str]:
    """Routes first, then schemas, then signatures of what is no schema, public ones before others."""
    for route in changes.routes:
        yield f"- {_route(route)} ({path})"
    for schema in changes.schemas:
        text = _schema(schema)
        if text:
            yield f"- {text} ({path})"
    in_schemas = {pair.last.name for pair in changes.schemas}
    come_or_gone = {(pair.last.name, pair.after is None) for pair in changes.definitions if not pair.is_change}
    for pair in sorted(changes.definitions, key=_is_hidden):
        name = pair.last.name
        if not pair.is_change:
            is_inner = (name.rpartition(".")[0], pair.after is None) in come_or_gone
            if name in in_schemas or (is_inner and name not in named):
                continue
        text = _definition(pair)
        if text and text not in told and (pair.is_change or f"`{pair.last.told}`" not in told):
            yield f"- {text} ({path})"


def state_lines(
    path: str, found: Outline, touched: Collection[str], told: str, touched_routes: Collection[str] = ()
) -> Iterator[str]:
    """How the definitions named `touched` look, with the routes that lead to them."""
    schemas = [schema for schema in found.schemas if schema.name in touched]
    in_schemas = {schema.name for schema in schemas}
    for route in found.routes:
        if route.text in touched_routes or (
            route.handler in touched if route.handler else _holds(route, touched, found)
        ):
            yield f"- route {route.text} ({path})"
    for schema in schemas:
        yield f"- schema {schema.text} ({path})"
    for definition in found.definitions:
        if definition.name in touched and definition.name not in in_schemas and f"`{definition.told}`" not in told:
            yield f"- `{definition.told}` ({path})"


def merged(lines: Sequence[str]) -> list[str]:
    """What several files say the same of is told once, of the first; what left one file for another has moved."""
    places: dict[str, str] = {}
    for line in lines:
        text, _, path = line.removesuffix(")").rpartition(" (")
        places.setdefault(text, path)
    found = []
    for text, path in places.items():
        word, _, what = text.removeprefix("- ").partition(" ")
        if word == "removes" and f"- adds {what}" in places:
            continue
        source = places.get(f"- removes {what}") if word == "adds" else None
        if source is None:
            found.append(f"{text} ({path})")
        elif source != path:
            found.append(f"- moves {what} ({source} → {path})")
    return found


def _holds(route: Route, touched: Collection[str], found: Outline) -> bool:
    """Whether a route that names no handler stands in a definition that is touched, or in no definition at all."""
    around = [part.name for part in found.definitions if part.first_line <= route.first_line <= part.last_line]
    return any(name in touched for name in around) if around else bool(touched)


def _is_hidden(pair: Pair[Definition]) -> bool:
    return not pair.last.is_public


def _word(pair: Pair[Any]) -> str:
    return "removes" if pair.after is None else "adds"


def _route(pair: Pair[Route]) -> str:
    if pair.before is None or pair.after is None:
        return f"{_word(pair)} route {pair.last.text}"
    return f"route {pair.before.text} becomes {pair.after.text}"


def _definition(pair: Pair[Definition]) -> str:
    if pair.before is None or pair.after is None:
        return f"{_word(pair)} `{pair.last.told}`"
    before, after = pair.before.told, pair.after.told
    return f"`{before}` becomes `{after}`" if before != after else ""


def _schema(pair: Pair[Schema]) -> str:
    if pair.before is None or pair.after is None:
        return f"{_word(pair)} schema {pair.last.text}"
    changed = [_field(each) for each in field_pairs(pair.before, pair.after)]
    if pair.before.kind != pair.after.kind:
        changed.insert(0, f"was a {pair.before.kind}")
    if not changed:  # the fields stand in another order
        return ""
    more = f"; and {len(changed) - _MAX_FIELDS_CHANGED} more" if changed[_MAX_FIELDS_CHANGED:] else ""
    return f"schema {pair.after.name} ({pair.after.kind}) {'; '.join(changed[:_MAX_FIELDS_CHANGED])}{more}"


def _field(pair: Pair[Field]) -> str:
    if pair.before is None or pair.after is None:
        return f"{_word(pair)} {pair.last.text}"
    return f"{pair.before.text} becomes {pair.after.text}"
