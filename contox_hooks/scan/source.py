"""What a source file says: its own first words, what it defines, its routes and schemas, whether a program starts here.

Pure over one file's text. Must not know other files. Invariant: names and lines as the file has them; a file that does
not parse still says what its lines show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from contox_hooks.pipeline.source import language
from contox_hooks.pipeline.source.outline import Definition, Outline, Route, Schema, Unparsable
from contox_hooks.scan.heading import heading
from contox_hooks.scan.said import Said, Text, redacted

_MOST_DEFINED: Final = 12
_IMPORT: Final = re.compile(
    r"\s*(?:import|from|use|pub use|mod|pub mod|require(?:_relative|_once)?|#\s*include|export)\b.*"
    r"|.*\brequire\(['\"]\..*|.*\bfrom ['\"]\..*|\s+(?:[\w.]+ )?\"[a-z0-9-]+\.[^\"]+\"\s*$"
)
"""Anything that may be one, as git/activity.py looks for it; memory/report/imports.py decides."""
_STORED: Final = re.compile(
    r"\bmodel\b|\btable$|entity|embeddable|document|GraphQL (?:type|input|interface)|message|schema", re.IGNORECASE
)
"""Kinds of schema that outlive the process or go over a wire; a struct or a dataclass is a definition like others."""
_NO_DEFINITION: Final = re.compile(r"(?:pub )?(?:const|static)\b|CREATE\b", re.IGNORECASE)
_ASKS: Final = re.compile(
    r"\bawait\b|(?:client|axios|https?|request|agent|fetcher)\w*\.(?:get|post|put|patch|delete)[(<]", re.I
)
"""A client that asks another program looks like a router that answers: `client.post("/api/users", …)`."""
_MOST_LOOKED_AT: Final = 1000
_STARTS: Final = (
    (("go",), re.compile(r"^func main\(\)", re.MULTILINE)),
    (("rs",), re.compile(r"^(?:pub )?(?:async )?fn main\(\)", re.MULTILINE)),
    (("java", "kt"), re.compile(r"^[ \t]*+public static void main\([^)]{0,200}\)|^fun main\(", re.MULTILINE)),
    (("c", "cc", "cpp"), re.compile(r"^int (?:main|cmd_main|wmain)\([^)]{0,200}\)", re.MULTILINE)),
    (("py",), re.compile(r"^if __name__ == ['\"]__main__['\"]:", re.MULTILINE)),
    (("js", "mjs", "cjs", "ts"), re.compile(r"\A#!.*\bnode\b.*")),
    (("rb", "php", "pl", "sh"), re.compile(r"\A#!.*\b(?:ruby|php|perl|bash|sh)\b.*")),
)
_MOST_STARTS: Final = 20
_RUN_AS_THEY_ARE: Final = ("py", "js", "mjs", "cjs", "ts", "rb", "php", "pl", "sh")
_MAIN: Final = re.compile(r"(?:^|[.:])(?:w|cmd_)?main$")


def source_rows(content: bytes, path: str) -> Iterator[Said]:
    text = Text(content.decode("utf-8", "replace"))
    suffix = path.rpartition(".")[2].lower()
    if first := heading(text, suffix):
        yield first
    for number, line in enumerate(text.lines, start=1):
        if len(line) < 300 and _IMPORT.match(line):
            yield Said("import", line, line.strip(), number)
    try:
        found = language.outline(content, path)
    except Unparsable:
        yield from _starts(text, path, suffix, None)
        return
    yield from _starts(text, path, suffix, found)
    yield from _outlined(text, found)


def _starts(text: Text, path: str, suffix: str, found: Outline | None) -> Iterator[Said]:
    """The line where a program starts; where the file was parsed, one that does not stand inside of a string."""
    for suffixes, pattern in _STARTS:
        if suffix not in suffixes:
            continue
        mains = [each for each in found.definitions if _MAIN.search(each.name)] if found else []
        for match in islice(pattern.finditer(text.content), _MOST_STARTS):
            number = text.content.count("\n", 0, match.start()) + 1
            is_code = any(each.first_line <= number <= each.last_line for each in mains)
            if found is None or is_code or suffix in _RUN_AS_THEY_ARE:
                yield Said("entry", path, match[0].strip(), number)
                return


def _outlined(text: Text, found: Outline) -> Iterator[Said]:
    public = [each for each in found.definitions if _is_told(each)]
    public.sort(key=lambda each: each.first_line - each.last_line)
    for each in public[:_MOST_DEFINED]:
        row = text.named("defines", each.name, start=each.first_line, end=min(each.last_line, each.first_line + 20))
        if row is not None:
            yield row
    for route in found.routes:
        shown, number = _shown(text, route)
        if _ASKS.search(shown[:_MOST_LOOKED_AT]):
            continue
        handler = "" if route.handler in ("default", route.verb) else route.handler
        yield Said("route", replace(route, path=redacted([route.path])[0], handler=handler).text, shown, number)
    for schema in found.schemas:
        if _STORED.search(schema.kind) and not schema.kind.endswith("change"):
            quote = text.named("schema", schema.name.rpartition(".")[2], start=schema.first_line, end=schema.last_line)
            if quote is not None:
                yield quote._replace(says=_schema(schema))


def _is_told(each: Definition) -> bool:
    """Types and functions of the file's own level that others may use."""
    name = each.name
    if (
        not each.is_public
        or "." in name
        or len(name) < 3
        or name in ("main", "default")
        or each.signature.startswith("#")
    ):
        return False
    return not name.startswith(("_", "test", "Test")) and not _NO_DEFINITION.match(each.signature)


def _shown(text: Text, route: Route) -> tuple[str, int]:
    """The line with the end of the route's path, and its number: a decorator may stand over several."""
    tail = re.sub(r"[{<:*(].*", "", route.path.strip("/").rpartition("/")[2])
    numbers = range(route.first_line, max(route.first_line, min(route.last_line, route.first_line + 8)) + 1)
    number = next((number for number in numbers if tail and tail in text.line(number)), route.first_line)
    return text.line(number), number


def _schema(schema: Schema) -> str:
    plain = [field.name for field in schema.fields if field.name.isidentifier() and not field.name.startswith("__")]
    names, more = plain[:8], ", …" if len(plain) > 8 else ""
    return f"{schema.name} ({schema.kind})" + (f": {', '.join(names)}{more}" if names else "")
