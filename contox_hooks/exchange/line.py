"""An export's lines: one JSON object each, ASCII, in an order that the same memory always gives.

The first is `{"kind": "contox-export", "version": 1, "project": {…}}`, then come lines like `{"kind": "item", "row":
{…}}`, the last is `{"kind": "end", "lines": N}` with their number: a file that was cut off is seen. Must not know
stores. Invariant: a line is held one at a time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final, NamedTuple, NoReturn

from contox_hooks.domain.error import UsageError
from contox_hooks.exchange.kind import VERSION

HEAD: Final = "contox-export"
END: Final = "end"
MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes; the largest of ours is a context's million characters, six bytes each where they are far from ASCII, twice
that beyond 16 bits."""
_SHOWN: Final = 60


class Malformed(UsageError):
    """A file that cannot be imported: where, and what is wrong."""

    code = "malformed"

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}", hint="nothing was imported; contox-hooks export writes such files")
        self.number = number


class Line(NamedTuple):
    number: int
    """From 1."""
    kind: str
    fields: dict[str, Any]
    size_bytes: int


def written(kind: str, row: Mapping[str, Any]) -> bytes:
    return _text({"kind": kind, "row": row})


def head(project: Mapping[str, Any]) -> bytes:
    return _text({"kind": HEAD, "version": VERSION, "project": project})


def end(lines: int) -> bytes:
    return _text({"kind": END, "lines": lines})


def _text(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def lines_of(file: IO[bytes]) -> Iterator[Line]:
    """From the first to the last. Raises Malformed for what is no such line, OSError."""
    number, is_over = 0, False
    while text := file.readline(MAX_LINE + 1):
        number += 1
        if len(text) > MAX_LINE:
            raise Malformed(number, f"longer than {MAX_LINE // 1024 // 1024} MiB")
        if is_over:
            raise Malformed(number, "it stands behind the end")
        line = _line(number, text)
        if (number == 1) != (line.kind == HEAD):
            raise Malformed(number, "this is no export of contox-hooks" if number == 1 else "a second beginning")
        is_over = line.kind == END
        if is_over and line.fields != {"lines": number - 2}:
            raise Malformed(number, f"{number - 2} lines are here, not {shown(line.fields.get('lines'))}")
        yield line
    if not is_over:
        raise Malformed(number + 1, "the file ends too early" if number else "the file is empty")


def _line(number: int, text: bytes) -> Line:
    try:
        fields = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Malformed(number, "no JSON that can be read") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        raise Malformed(number, "no object with a kind")
    kind = fields.pop("kind")
    if kind not in (HEAD, END):
        row = fields.pop("row", None)
        if not isinstance(row, dict) or fields:
            raise Malformed(number, "no object of a kind and a row")
        fields = row
    return Line(number, kind, fields, len(text))


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def shown(value: object) -> str:
    """Short, on one line, whatever it is."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
