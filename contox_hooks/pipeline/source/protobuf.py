"""Messages, enums and services of a protobuf file.

Must not know items or git. Invariant: a nested message is named with the ones around it.
"""

from __future__ import annotations

import re

from contox_hooks.pipeline.source.block import Block, blanked, blocks, text_of
from contox_hooks.pipeline.source.outline import Definition, Field, Outline, Schema, clip, field, tidy

_COMMENT = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?""", re.DOTALL
)
_HEAD = re.compile(r"(message|enum|service|oneof|extend|rpc) ([\w.]+)")
_FIELD = re.compile(r"(?:.*[\s>])?(\w+) ?= ?-?\w+")
_PASSED_OVER = ("option", "reserved", "extensions")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    definitions: list[Definition] = []
    schemas: list[Schema] = []
    inner: dict[tuple[str, ...], list[Field]] = {}  # fields of the `oneof` blocks of a message
    for block in blocks(blanked(text_of(content), _COMMENT)):
        match = _HEAD.match(block.head.rpartition("; ")[2])
        if match is None:
            continue
        kind, name = match[1], _qualified(block, match[2])
        lines = block.first_line, block.last_line
        if kind == "oneof":
            inner.setdefault(block.path, []).extend(_fields(block))
        elif kind == "rpc":
            inner.setdefault(block.path, []).append(field(match[2], block.head))
        elif kind == "service":
            calls = [statement for statement in block.statements if statement.startswith("rpc ")]
            fields = [field(_called(call), call) for call in calls] + inner.pop((*block.path, block.head), [])
            schemas.append(Schema(name, "service", tuple(fields), *lines))
            definitions += [
                Definition(f"{name}.{each.name}", clip(tidy(each.text)), 0, 0, prefix=f"{name}.") for each in fields
            ]
        else:
            fields = _fields(block) + inner.pop((*block.path, block.head), [])
            schemas.append(Schema(name, f"protobuf {kind}", tuple(fields), *lines))
    return Outline(tuple(definitions), (), tuple(sorted(schemas, key=lambda schema: schema.first_line)))


def _called(call: str) -> str:
    match = _HEAD.match(call)
    return match[2] if match else call


def _qualified(block: Block, name: str) -> str:
    around = (_HEAD.match(head.rpartition("; ")[2]) for head in block.path)
    return ".".join([match[2] for match in around if match and match[1] == "message"] + [name])


def _fields(block: Block) -> list[Field]:
    found = []
    for statement in block.statements:
        match = None if statement.startswith(_PASSED_OVER) else _FIELD.match(statement)
        if match:
            found.append(field(match[1], statement))
    return found
