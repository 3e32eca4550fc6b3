"""What hooks wrote: append-only lines, read from a saved offset. hooks/capture.sh documents the grammar.

A hint, never the truth: a record that was cut, glued or lost costs nothing but a look at the reflogs.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_SHA = re.compile(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")
_MADE_BY = {"post-commit", "post-applypatch"}
_ROTATE_BYTES = 256 * 1024


class Hints(NamedTuple):
    """What a stretch of the spool says."""

    heads: frozenset[str] = frozenset()
    """HEAD right after a commit or an applied patch."""
    pairs: tuple[tuple[str, str], ...] = ()
    """post-rewrite's old and new ids."""
    records: int = 0
    offset: int = 0
    """Behind the last whole line read."""


@dataclass(slots=True)
class _Reading:
    heads: set[str] = field(default_factory=set)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    records: int = 0


def hints_since(spool: Path, offset: int) -> Hints:
    """Everything behind `offset`; from the start when the file is shorter than that (it was emptied)."""
    try:
        with spool.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = offset if offset <= size else 0
            file.seek(start)
            data = file.read()
    except OSError:
        return Hints(offset=offset)
    whole = data[: data.rfind(b"\n") + 1]
    reading = _Reading()
    for line in whole.split(b"\n"):
        _read_record(line.decode("utf-8", "replace"), reading)
    return Hints(frozenset(reading.heads), tuple(reading.pairs), reading.records, start + len(whole))


def knock(spool: Path) -> None:
    """Have the drain that is at work, if one is, look once more. Raises OSError."""
    with spool.open("ab") as file:
        file.write(b"\n1 knock\n")


def size_bytes(spool: Path) -> int:
    try:
        return spool.stat().st_size
    except OSError:
        return 0


def empty_if_read(spool: Path, offset: int) -> bool:
    """Start the file over once it is long and wholly read. A record that slips in between is a lost hint, no more:
    the caller sweeps once more behind this."""
    if offset < _ROTATE_BYTES or size_bytes(spool) != offset:
        return False
    try:
        os.truncate(spool, 0)
    except OSError:
        return False
    return True


def _read_record(line: str, reading: _Reading) -> None:
    words = line.split(" ")
    if len(words) < 3 or words[0] != "1":
        return
    reading.records += 1
    if words[1] == "pair" and len(words) >= 5 and _SHA.match(words[3]) and _SHA.match(words[4]):
        reading.pairs.append((words[3], words[4]))
    elif words[1] in _MADE_BY and _SHA.match(words[2]):
        reading.heads.add(words[2])
