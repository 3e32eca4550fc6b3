"""New reflog lines since a saved position, read from the files: no process, whatever the log's length.

gc and expiry rewrite the files (a new inode, lines gone from the front), so a position is an offset plus the last line
seen; when that line is found elsewhere reading goes on behind it, when it is gone, behind its time. Missing logs (bare,
core.logAllRefUpdates=false, reftable) read as empty: they classify, they are never the journal (FACTS.md).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from contox_hooks.domain.reflog import ReflogEntry, parse_line


class Position(NamedTuple):
    offset: int = 0
    tail_bytes: int = 0
    """Length of the last line read, without its newline."""
    tail_hash: bytes = b""
    """Of that line: it holds a commit's subject, which is not ours to store."""
    at_utc: int = 0


def end_of(log: Path) -> Position:
    """The position behind the last whole line; the start if there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 65_536))
            data = file.read()
    except OSError:
        return Position()
    whole = data[: data.rfind(b"\n") + 1]
    return _behind(size - (len(data) - len(whole)), whole[:-1].rpartition(b"\n")[2])


def entries_since(log: Path, position: Position) -> tuple[list[ReflogEntry], Position]:
    """Lines behind `position`, oldest first, and the position behind them. A half-written last line waits."""
    try:
        with log.open("rb") as file:
            back = position.tail_bytes + 1 if position.offset else 0
            base = max(0, position.offset - back)
            file.seek(base)
            data = file.read()
            start, after = back, 0
            if position.offset and _hash(data[: back - 1]) != position.tail_hash:
                file.seek(0)
                data, base = file.read(), 0
                start = _found(data, position)
                after = 0 if start else position.at_utc
    except OSError:
        return [], position
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) <= start:
        return [], position if base + len(whole) >= position.offset else position._replace(offset=base + len(whole))
    lines = whole[start:].split(b"\n")[:-1]
    parsed = (parse_line(_text(line)) for line in lines)
    entries = [entry for entry in parsed if entry is not None and entry.at_utc >= after]
    return entries, _behind(base + len(whole), lines[-1])


def _behind(offset: int, line: bytes) -> Position:
    entry = parse_line(_text(line))
    return Position(offset, len(line), _hash(line), entry.at_utc if entry else 0)


def _hash(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()[:16]


def _found(data: bytes, position: Position) -> int:
    """Where to go on behind the last line read, wherever it stands by now; 0 when it is gone."""
    end = len(data)
    for line in reversed(data.split(b"\n")):
        if len(line) == position.tail_bytes and _hash(line) == position.tail_hash:
            return min(end + 1, len(data))
        end -= len(line) + 1
    return 0


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
