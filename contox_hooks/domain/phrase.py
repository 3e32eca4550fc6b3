"""How people are told numbers and times, the same in a terminal and on a page. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

_LEAST_ID: Final = 10


def ago(at_utc: float, now: float) -> str:
    """`just now`, `5m ago`, `2h ago`, `3d ago` for seconds since the epoch (CONTRACT.md section 8)."""
    passed = int(now - at_utc)
    if passed < 60:
        return "just now"
    if passed < 3600:
        return f"{passed // 60}m ago"
    return f"{passed // 3600}h ago" if passed < 86_400 else f"{passed // 86_400}d ago"


def duration(milliseconds: float) -> str:
    """`340 ms`, `2.1 s`, `3m 05s`, `2h 10m`."""
    if milliseconds < 1000:
        return f"{int(milliseconds)} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60}m {int(seconds) % 60:02d}s"
    return f"{int(seconds) // 3600}h {int(seconds) % 3600 // 60:02d}m"


def plural(number: int, noun: str, several: str = "") -> str:
    """`1 commit`, `2,000 commits`; `several` where an s is not enough."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def short_id(identifier: str, among: Iterable[str] | None = None) -> str:
    """The first characters of an id, at least ten, that no other of `among` begins with: what people type. Ids made in
    one millisecond differ only at their end, so without `among` an id stays whole."""
    if among is None:
        return identifier
    length = _LEAST_ID
    for other in among:
        while other != identifier and other.startswith(identifier[:length]):
            length += 1
    return identifier[:length]


def short_ids(identifiers: Iterable[str]) -> dict[str, str]:
    """Each id to its `short_id` among the others: whom an id shares most with stands beside it in their order."""
    found: dict[str, str] = {}
    before = ""
    for one in sorted(set(identifiers)):
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, one, strict=False)))
        if before:
            found[before] = before[: max(len(found[before]), shared + 1)]
        found[one] = one[: max(_LEAST_ID, shared + 1)]
        before = one
    return found
