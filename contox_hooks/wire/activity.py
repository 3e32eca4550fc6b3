"""What happened besides commits, as it travels: the payload of any event type, known or not, made fit for the wire.

Must not know what a payload means. Invariant: whatever JSON the capture store holds becomes a value that `stringify`
takes; e-mail addresses do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from contox_hooks.wire.address import without_addresses
from contox_hooks.wire.cut import cut_text, utf16_units
from contox_hooks.wire.jsontext import SAFE_INTEGER, is_array_index, is_same_number, joined_surrogates

_DEEPEST: Final = 16
"""Our own payloads nest three deep."""
_TOO_DEEP: Final = "[… nested too deep, not sent]"


def payload_shape(payload: object) -> dict[str, object]:
    """A number that JavaScript cannot hold travels as its text."""
    shape = _plain(payload, 0)
    return shape if isinstance(shape, dict) else {}


def narrowed(value: object, most: int) -> object:
    """The same with at most so many rows of every list and object, and UTF-16 units of every text."""
    if isinstance(value, str):
        return cut_text(value, most)[0]
    if isinstance(value, list):
        return [narrowed(row, most) for row in value[:most]]
    if isinstance(value, dict):
        return {name: narrowed(field, most) for name, field in islice(value.items(), most)}
    return value


def widest(value: object) -> int:
    """From here on `narrowed` leaves everything as it is."""
    if isinstance(value, str):
        return utf16_units(value)
    rows = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return max([len(rows), *(widest(row) for row in rows)])


def _plain(value: object, depth: int) -> object:
    if isinstance(value, str):
        return without_addresses(joined_surrogates(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    if isinstance(value, int):
        return value if abs(value) <= SAFE_INTEGER else hex(value)
    if isinstance(value, float):
        return value if is_same_number(value) else repr(value)
    if depth == _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, list | tuple):
        return [_plain(row, depth + 1) for row in value]
    if isinstance(value, Mapping):
        fields = {joined_surrogates(str(name)): field for name, field in value.items()}
        indices = sorted((name for name in fields if is_array_index(name)), key=int)
        names = [*indices, *(name for name in fields if not is_array_index(name))]  # JavaScript's order
        return {without_addresses(name): _plain(fields[name], depth + 1) for name in names if name.lower() != "email"}
    return None  # no JSON: not in any store
