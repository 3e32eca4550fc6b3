"""JSON with comments and trailing commas, as VS Code and its kin read it: values with the places they stand at. Pure.

Strict JSON is a part of it. Raises Unparsable with the line for anything else; never RecursionError.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from contox_hooks.agent.insertion import Unparsable, line_at

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null", re.ASCII)
_DECODER = json.JSONDecoder()
_DEEPEST = 100


@dataclass(slots=True)
class Node:
    start: int
    end: int
    value: Any
    """As json.loads gives it."""
    members: list[Member] | None = None
    """Of an object, in their order; None for anything else."""

    def member(self, key: str) -> Member | None:
        """The last one counts where a key stands twice, as in every parser of JSON."""
        return next((one for one in reversed(self.members or []) if one.key == key), None)


@dataclass(slots=True)
class Member:
    key: str
    start: int
    value: Node
    comma: int | None = field(default=None)
    """Where the comma after it stands."""


def parsed(text: str) -> Node | None:
    """The root; None for a text of blanks and comments alone."""
    start = _after_blank(text, 0)
    if start == len(text):
        return None
    root = _node(text, start, 0)
    rest = _after_blank(text, root.end)
    if rest != len(text):
        raise Unparsable(line_at(text, rest), "there is something after the end of the JSON value")
    return root


def _after_blank(text: str, offset: int) -> int:
    found = _BLANK.match(text, offset)
    assert found is not None
    return found.end()


def _node(text: str, start: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise Unparsable(line_at(text, start), "nested too deeply")
    first = text[start : start + 1]
    if first == "{":
        return _object(text, start, depth)
    if first == "[":
        return _array(text, start, depth)
    if first == '"':
        value, end = _string(text, start)
        return Node(start, end, value)
    found = _SCALAR.match(text, start)
    if found is None:
        raise Unparsable(line_at(text, start), "a JSON value is expected here")
    return Node(start, found.end(), json.loads(found[0]) if len(found[0]) < 1000 else 0)


def _string(text: str, start: int) -> tuple[str, int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except ValueError:
        raise Unparsable(line_at(text, start), "this string does not end, or holds what no string may") from None
    return str(value), end


def _object(text: str, start: int, depth: int) -> Node:
    members: list[Member] = []
    at = _after_blank(text, start + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise Unparsable(line_at(text, at), "a key in quotation marks, or }, is expected here")
        key, end = _string(text, at)
        colon = _after_blank(text, end)
        if text[colon : colon + 1] != ":":
            raise Unparsable(line_at(text, colon), "a colon is expected here")
        members.append(Member(key, at, _node(text, _after_blank(text, colon + 1), depth + 1)))
        at = _after_blank(text, members[-1].value.end)
        if text[at : at + 1] == ",":
            members[-1].comma = at
            at = _after_blank(text, at + 1)
        elif text[at : at + 1] != "}":
            raise Unparsable(line_at(text, at), "a comma or } is expected here")
    return Node(start, at + 1, {one.key: one.value.value for one in members}, members)


def _array(text: str, start: int, depth: int) -> Node:
    values: list[Any] = []
    at = _after_blank(text, start + 1)
    while text[at : at + 1] != "]":
        node = _node(text, at, depth + 1)
        values.append(node.value)
        at = _after_blank(text, node.end)
        if text[at : at + 1] == ",":
            at = _after_blank(text, at + 1)
        elif text[at : at + 1] != "]":
            raise Unparsable(line_at(text, at), "a comma or ] is expected here")
    return Node(start, at + 1, values)
