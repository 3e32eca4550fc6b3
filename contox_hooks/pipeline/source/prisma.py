"""Models, enums and types of a Prisma schema.

Must not know items or git. Invariant: one pass, line by line, as the language is written.
"""

from __future__ import annotations

import re

from contox_hooks.pipeline.source.block import blanked, text_of
from contox_hooks.pipeline.source.outline import Field, Outline, Schema, Unparsable, field

_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*')
_OPEN = re.compile(r"\s*(model|enum|type|view)\s+(\w+)\s*\{\s*$")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    schemas: list[Schema] = []
    opened: tuple[str, str, int] | None = None
    fields: list[Field] = []
    for number, line in enumerate(blanked(text_of(content), _COMMENT).split("\n"), start=1):
        text = line.strip()
        if opened is None:
            match = _OPEN.match(line)
            if match:
                opened, fields = (match[1], match[2], number), []
        elif text == "}":
            kind, name, first = opened
            schemas.append(Schema(name, f"Prisma {kind}", tuple(fields), first, number))
            opened = None
        elif text:
            name = text if text.startswith("@@") else text.split(None, 1)[0]
            fields.append(field(name, text))
    if opened:
        raise Unparsable(f"does not parse (line {opened[2]})")
    return Outline((), (), tuple(schemas))
