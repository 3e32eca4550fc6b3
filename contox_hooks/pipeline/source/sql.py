"""Tables that SQL creates and alters, and what else it creates, of any dialect.

Must not know items or git. Invariant: one pass over the text; what is no DDL is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contox_hooks.pipeline.source.block import Lines, blanked, text_of
from contox_hooks.pipeline.source.outline import Definition, Field, Outline, Schema, Unparsable, clip, field, tidy

MAX_STATEMENTS = 20_000

_COMMENT = re.compile(
    r"""('(?:[^']|'')*'|"[^"\n]*"|`[^`\n]*`|\$(|body|function|func|fn|do|sql|\w)\$.*?\$\2\$)|--[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?""",
    re.DOTALL | re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"[^"\n]*"|`[^`\n]*`|\$(|body|function|func|fn|do|sql|\w)\$.*?\$\1\$|[(),;]""",
    re.DOTALL | re.IGNORECASE,
)
_NAME = r"""((?:[\w$]+|"[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\])(?:\s*\.\s*(?:[\w$]+|"[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\]))*)"""
_TABLE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,3}}?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*(?=\()", re.IGNORECASE)
_ALTER = re.compile(rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}\s+", re.IGNORECASE)
_OTHER = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+){0,2}?(?:VIEW|INDEX|TRIGGER|FUNCTION|PROCEDURE|TYPE|SEQUENCE|SCHEMA|DOMAIN)\s+"
    rf"(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}", re.IGNORECASE,
)  # fmt: skip
_DROP = re.compile(rf"DROP\s+(TABLE|VIEW|INDEX|TYPE)\s+(?:IF\s+EXISTS\s+)?{_NAME}", re.IGNORECASE)
_BODY = re.compile(r"(?<=\S)\s++(?:AS|BEGIN|RETURN)\b|\$\w*\$", re.IGNORECASE)
_CONSTRAINT = re.compile(r"(?:CONSTRAINT|PRIMARY|FOREIGN|UNIQUE|CHECK|KEY|INDEX|EXCLUDE|LIKE)\b", re.IGNORECASE)
_COLUMN = re.compile(
    r"(?:ADD|DROP|ALTER|MODIFY|CHANGE|RENAME)\s+(?:COLUMN\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([\w\"`]+)", re.IGNORECASE
)


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    text = blanked(text_of(content), _COMMENT)
    lines = Lines(text)
    definitions: list[Definition] = []
    schemas: list[Schema] = []
    for start, end in _statements(text):
        statement = text[start:end]
        span = lines.at(start), lines.at(end)
        if match := _TABLE.match(statement):
            fields = tuple(_column(part) for part in _parts(statement, match.end()))
            schemas.append(Schema(_plain(match[1]), "SQL table", fields, *span))
        elif match := _ALTER.match(statement):
            changes = tuple(_change(part) for part in _parts(statement, match.end() - 1, depth=1))
            schemas.append(Schema(_plain(match[1]), "SQL table change", changes, *span))
        elif match := _OTHER.match(statement):
            body = _BODY.search(statement, match.end())
            signature = clip(tidy(statement[: body.start() if body else min(len(statement), 1000)]))
            definitions.append(Definition(_plain(match[1]), signature, *span))
        elif match := _DROP.match(statement):
            definitions.append(Definition(_plain(match[2]), clip(tidy(statement[:1000])), *span))
    return Outline(tuple(definitions), (), tuple(schemas))


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Where each starts and ends. A semicolon inside brackets or strings ends none."""
    start = depth = count = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif token == ";" and depth == 0:
            count += 1
            if count > MAX_STATEMENTS:
                raise Unparsable(f"has more than {MAX_STATEMENTS:,} statements")
            yield from _trimmed(text, start, match.start())
            start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if piece.strip():
        yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _parts(statement: str, start: int, *, depth: int = 0) -> Iterator[str]:
    """What commas separate inside the brackets that open at `start`; with depth 1, outside of any from there on."""
    begin = start
    for match in _TOKEN.finditer(statement, start):
        token = match[0]
        if token == "(":
            depth += 1
            if depth == 1:
                begin = match.end()
        elif token == ")":
            depth -= 1
            if depth == 0:
                yield statement[begin : match.start()]
                return
        elif token == "," and depth == 1:
            yield statement[begin : match.start()]
            begin = match.end()
    yield statement[begin:]


def _column(part: str) -> Field:
    words = part.split(None, 1)
    first = words[0] if words else ""
    return field(tidy(part) if _CONSTRAINT.match(first) else _plain(first), part)


def _change(part: str) -> Field:
    match = _COLUMN.match(part.strip())
    return field(_plain(match[1]) if match else tidy(part), part)


def _plain(name: str) -> str:
    return re.sub(r"[\"`\[\]\s]", "", name)
