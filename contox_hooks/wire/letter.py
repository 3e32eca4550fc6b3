"""What somebody told (a saved note, a scan) as an event of the wire: its type, and its payload's members beside it.

Must not know storage. Invariant: what is cut to fit says so, as in every payload (wire/clean.py).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, cast

from contox_hooks.domain.event import Event
from contox_hooks.wire.activity import narrowed, payload_shape, widest
from contox_hooks.wire.capture import FORMAT
from contox_hooks.wire.clean import CUT
from contox_hooks.wire.jsontext import stringify


def letter(event: Event, size_bytes: int) -> str:
    """E of CONTRACT.md section 2 in at most so many bytes, as far as its names let it."""
    shape = payload_shape(event.payload)
    whole = widest(shape)
    ours = {"contoxHooks": {"format": FORMAT, "at": event.at_utc}}

    def told(most: int) -> str:
        kept = cast(dict[str, Any], narrowed(shape, most))
        mark = {} if most == whole else {CUT: f"at most {most} of {whole} characters or rows in any one place"}
        return stringify({"type": event.type, **kept, **mark, **ours})

    if len((text := told(whole)).encode()) <= size_bytes:
        return text
    most = bisect_left(range(1, whole), True, key=lambda number: len(told(number).encode()) > size_bytes)
    return told(most)
