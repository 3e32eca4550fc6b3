"""The members of a JSON object that somebody sent, each with its value and the very text that it was.

Must not know what they mean. Invariant: nothing is serialised again, and what two parsers may read differently (a name
given twice, NaN, a second value behind the first) is refused.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import Any, Final, NamedTuple, NoReturn


class Malformed(ValueError):
    """What is wrong with a body, as words that follow "Invalid request body: "."""


class Member(NamedTuple):
    value: Any
    text: str
    """Encoded as UTF-8 it is the slice of the body, byte for byte."""


def members(body: bytes) -> dict[str, Member]:
    """The top level of a body. Raises Malformed for all that is not one object of strict JSON in UTF-8 (RFC 8259)."""
    try:
        return _members(body.decode())
    except UnicodeDecodeError:
        raise Malformed("it is not UTF-8") from None
    except RecursionError:
        raise Malformed("it is nested too deep") from None
    except Malformed:
        raise
    except ValueError:  # the decoder's, also for a number of more than 4,300 digits
        raise Malformed("it is not JSON") from None


def _members(text: str) -> dict[str, Member]:
    found: dict[str, Member] = {}
    at = _past(text, 0, "{")
    is_more = text[at : at + 1] != "}"
    while is_more:
        name, at = _DECODER.raw_decode(text, at)
        if not isinstance(name, str):
            raise ValueError
        start = _past(text, at, ":")
        value, end = _DECODER.raw_decode(text, start)
        if name in found:
            raise Malformed(f"{name[:40]} is there twice")
        found[name] = Member(value, text[start:end])
        at = _blank(text, end)
        if is_more := text[at : at + 1] == ",":
            at = _blank(text, at + 1)
    if _past(text, at, "}") != len(text):
        raise ValueError
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER: Final = JSONDecoder(parse_constant=_refuse)
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def _blank(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]  # matches nothing at least


def _past(text: str, at: int, sign: str) -> int:
    """Behind the sign and the blanks around it."""
    at = _blank(text, at)
    if text[at : at + 1] != sign:
        raise ValueError
    return _blank(text, at + 1)
