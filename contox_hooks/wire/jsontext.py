"""The JSON text that is signed: what JavaScript's JSON.stringify writes for the same value, byte for byte.

Must not know what the value means. Invariant: the text survives `JSON.stringify(JSON.parse(text))` unchanged and can
always be written as UTF-8; what JavaScript would write otherwise is refused, never approximated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring  # escapes what ECMA-262 QuoteJSONString does, but for surrogates
from typing import Final

SAFE_INTEGER: Final = 2**53 - 1
"""Number.MAX_SAFE_INTEGER: beyond it JavaScript reads another number than the one written."""

_SURROGATES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_ARRAY_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_NO_INDEX: Final = 2**32


def stringify(value: object) -> str:
    """Compact, in insertion order, non-ASCII raw, lone surrogates as lower-case escapes.

    Takes None, bool, int, float, str, list, tuple and mappings with text keys. Raises ValueError for what JavaScript
    writes in another way: NaN and infinities, integers beyond SAFE_INTEGER, floats like 1.0 or 1e-7, keys like "0"
    that do not stand in front in ascending order, where JavaScript moves them; and for other types.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def joined_surrogates(text: str) -> str:
    """The text with each surrogate pair as the one character that it stands for; lone halves stay."""
    return text if text.isascii() else _SURROGATES.sub(lambda found: _joined(found[0]), text)


def quoted(text: str) -> str:
    """One JSON string, quotes included."""
    written = encode_basestring(text)
    return written if written.isascii() else _SURROGATES.sub(_surrogate, written)


def is_array_index(key: str) -> bool:
    """Whether JavaScript sorts this key before all others (ECMA-262: canonical, below 2^32 - 1)."""
    return _ARRAY_INDEX.fullmatch(key) is not None and int(key) < 2**32 - 1


def is_same_number(value: float) -> bool:
    """Whether Python and JavaScript write this number alike: finite, with a fraction, without an exponent."""
    written = repr(value)
    return "." in written and "e" not in written and not written.endswith(".0")


def _write(value: object, put: Callable[[str], object]) -> None:
    if isinstance(value, str):
        put(quoted(value))
    elif value is None:
        put("null")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError(f"JavaScript cannot hold the integer {value}")
        put(int.__repr__(value))
    elif isinstance(value, float):
        if not is_same_number(value):
            raise ValueError(f"JavaScript does not write the number {value!r} like that")
        put(repr(value))
    elif isinstance(value, list | tuple):
        _write_list(value, put)
    elif isinstance(value, Mapping):
        _write_object(value, put)
    else:
        raise ValueError(f"{type(value).__name__} is no JSON value")


def _write_list(values: list[object] | tuple[object, ...], put: Callable[[str], object]) -> None:
    put("[")
    for number, value in enumerate(values):
        if number:
            put(",")
        _write(value, put)
    put("]")


def _write_object(values: Mapping[object, object], put: Callable[[str], object]) -> None:
    put("{")
    last = -1
    for number, (key, value) in enumerate(values.items()):
        if not isinstance(key, str):
            raise ValueError(f"{key!r} is no text and cannot be a key")
        index = int(key) if is_array_index(key) else _NO_INDEX
        if index != _NO_INDEX and index <= last:
            raise ValueError(f"JavaScript does not keep the key {key!r} in its place")
        last = index
        put(f",{quoted(key)}:" if number else f"{quoted(key)}:")
        _write(value, put)
    put("}")


def _joined(surrogates: str) -> str:
    if len(surrogates) == 1:
        return surrogates
    return surrogates.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _surrogate(found: re.Match[str]) -> str:
    text = found[0]
    return _joined(text) if len(text) == 2 else f"\\u{ord(text):04x}"
