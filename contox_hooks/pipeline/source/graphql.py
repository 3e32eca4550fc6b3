"""Types of a GraphQL schema: objects, inputs, interfaces, enums, unions, scalars.

Must not know items or git. Invariant: queries and mutations that a client sends are no schema.
"""

from __future__ import annotations

import re

from contox_hooks.pipeline.source.block import Lines, blanked, blocks, text_of
from contox_hooks.pipeline.source.outline import Definition, Field, Outline, Schema, clip, field, tidy

_COMMENT = re.compile(r'((?!))|"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*')
_HEAD = re.compile(r"\b((?:extend )?(?:type|input|interface|enum)) (\w+)")
_FIELD = re.compile(r"(?<!\w)(\w++)\s*+(?:\((?:[^()]|\([^()]*\))*\))?\s*:\s*[\[\]!\w]+(?:\s*=\s*[^\s@]+)?(?:\s*@\w+)*")
_ALONE = re.compile(
    r"^[ \t]*(?:(?:scalar|directive)[ \t]+@?(\w+)[^\n]*|union[ \t]+(\w+)[^=\n{]*=[^\n]*(?:\n\s*\|[^\n]*)*)",
    re.MULTILINE,
)


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    text = blanked(text_of(content), _COMMENT)
    schemas = []
    for block in blocks(text):
        heads = [] if block.path else list(_HEAD.finditer(block.head))
        if not heads:
            continue
        match = heads[-1]  # scalars and unions may stand before it
        fields = _words(block.body) if match[1].endswith("enum") else _fields(block.body)
        schemas.append(Schema(match[2], f"GraphQL {match[1]}", tuple(fields), block.first_line, block.last_line))
    lines = Lines(text)
    definitions = [
        Definition(match[1] or match[2], clip(tidy(match[0])), lines.at(match.start()), lines.at(match.end()))
        for match in _ALONE.finditer(text)
    ]
    return Outline(tuple(definitions), (), tuple(schemas))


def _fields(body: str) -> list[Field]:
    return [field(match[1], match[0]) for match in _FIELD.finditer(body)]


def _words(body: str) -> list[Field]:
    return [field(word, word) for word in re.findall(r"(?<![@\w])[A-Za-z_]\w*", body)]
