"""Routes and schemas of an OpenAPI or Swagger document, YAML or JSON.

Must not know items or git. Invariant: YAML is read event by event, to a depth and a number of nodes; aliases are not
followed, so that no document grows in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from contox_hooks.pipeline.source.block import text_of
from contox_hooks.pipeline.source.outline import Field, Outline, Route, Schema, Unparsable, field

MAX_NODES = 60_000
MAX_DEPTH = 40

_IS_ONE = re.compile(r"""^[ \t]*+\{?[ \t]*+["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable; an empty outline when it is another sort of document."""
    text = text_of(content)
    if not _IS_ONE.search(text[:100_000]):
        return Outline()
    document = _json(text) if path.lower().endswith(".json") else _yaml(text)
    paths, components = _mapping(document, "paths"), _mapping(_mapping(document, "components"), "schemas")
    routes = (route for place, operations in paths.items() for route in _routes(place, operations))
    models = {**_mapping(document, "definitions"), **components}
    schemas = (Schema(name, "OpenAPI schema", tuple(_fields(model))) for name, model in models.items())
    return Outline((), tuple(routes), tuple(schemas))


def _mapping(node: Any, key: str) -> dict[str, Any]:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _routes(place: str, operations: Any) -> Iterator[Route]:
    for verb in _VERBS:
        if isinstance(operations, dict) and isinstance(operations.get(verb), dict):
            yield Route(verb.upper(), place, str(operations[verb].get("operationId") or ""))


def _fields(model: Any) -> Iterator[Field]:
    required = model.get("required") if isinstance(model, dict) else None
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    for name, kind in _mapping(model, "properties").items():
        yield field(name, f"{name}{'' if name in needed else '?'}: {_type(kind)}")
    values = model.get("enum") if isinstance(model, dict) else None
    for value in values if isinstance(values, list) else ():
        yield field(str(value), str(value))


def _type(kind: Any, depth: int = 0) -> str:
    if not isinstance(kind, dict) or depth > 3:
        return "any"
    if isinstance(kind.get("$ref"), str):
        return str(kind["$ref"].rpartition("/")[2])
    if kind.get("type") == "array":
        return f"{_type(kind.get('items'), depth + 1)}[]"
    told = kind.get("type")
    return f"{told} {kind['format']}" if "format" in kind and isinstance(told, str) else str(told or "any")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise Unparsable("is nested too deeply") from None
    except ValueError as error:
        raise Unparsable(f"does not parse (line {getattr(error, 'lineno', 1)})") from None


def _yaml(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    stack: list[list[Any]] = [[]]
    try:
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > MAX_NODES or len(stack) > MAX_DEPTH:
                raise Unparsable("is larger or deeper than what is read")
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                stack.append([])
            elif isinstance(event, yaml.ScalarEvent):
                stack[-1].append(event.value)
            elif isinstance(event, yaml.AliasEvent):
                stack[-1].append(None)
            elif isinstance(event, yaml.SequenceEndEvent):
                done = stack.pop()
                stack[-1].append(done)
            elif isinstance(event, yaml.MappingEndEvent):
                pairs = stack.pop()
                keys = (key if isinstance(key, str) else "" for key in pairs[::2])
                stack[-1].append(dict(zip(keys, pairs[1::2], strict=True)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Unparsable(f"does not parse (line {mark.line + 1 if mark else 1})") from None
    return stack[0][0] if stack[0] else None
