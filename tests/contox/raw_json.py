"""The members of a JSON object as the bytes that they were on the wire; nothing is serialised again."""

from __future__ import annotations

from json import JSONDecoder
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NoReturn


def members(body: bytes) -> dict[str, bytes]:
    """Each top-level member's value as its exact slice of `body`. Raises ValueError for all that is not one object
    of strict JSON in UTF-8, and for a name given twice (which one was signed?)."""
    text = body.decode()
    found: dict[str, bytes] = {}
    at = _expect(text, 0, "{")
    if text[at : at + 1] == "}":
        _expect_end(text, at + 1)
        return found
    while True:
        at = _expect(text, at, '"')
        name, at = scanstring(text, at, True)
        start = _expect(text, at, ":")
        _, end = _DECODER.raw_decode(text, start)
        if name in found:
            raise ValueError(f"member {name!r} is there twice")
        found[name] = text[start:end].encode()
        at = _blank(text, end)
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    _expect_end(text, _expect(text, at, "}"))
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = JSONDecoder(parse_constant=_refuse)


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n\r":
        at += 1
    return at


def _expect(text: str, at: int, sign: str) -> int:
    """Past the sign; past the blanks behind it too, except inside a string."""
    at = _blank(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign!r} expected at {at}")
    return at + 1 if sign == '"' else _blank(text, at + 1)


def _expect_end(text: str, at: int) -> None:
    if _blank(text, at) != len(text):
        raise ValueError(f"more text at {at}")
