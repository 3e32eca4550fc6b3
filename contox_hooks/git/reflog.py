"""New reflog lines since a saved position, read from the files: no process, whatever the log's length.

gc and expiry rewrite the files (a new inode, lines gone from the front), so a position is an offset plus the last line
seen; when that line is found elsewhere reading goes on behind it, when it is gone, behind its time. Missing logs (bare,
core.logAllRefUpdates=false, reftable) read as empty: they classify, they are never the journal (FACTS.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from contox_hooks.domain.reflog import ReflogEntry, parse_line


class Position(NamedTuple):
    offset: int = 0
    tail: bytes = b""
    """The last line read, without its newline."""
    at_utc: int = 0


def end_of(log: Path) -> Position:
    """The position behind the last whole line; the start if there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 4096))
            data = file.read()
    except OSError:
        return Position()
    whole = data[: data.rfind(b"\n") + 1]
    cut = len(data) - len(whole)
    tail = whole[:-1].rpartition(b"\n")[2]
    entry = parse_line(_text(tail))
    return Position(size - cut, tail, entry.at_utc if entry else 0)


def entries_since(log: Path, position: Position) -> tuple[list[ReflogEntry], Position]:
    """Lines behind `position`, oldest first, and the position behind them. A half-written last line waits."""
    try:
        with log.open("rb") as file:
            back = len(position.tail) + 1
            file.seek(max(0, position.offset - back))
            data = file.read()
            if position.offset and data[:back] != position.tail + b"\n":
                file.seek(0)
                data = file.read()
                found = data.rfind(position.tail + b"\n") if position.tail else -1
                start = found + back if found >= 0 else 0
                base, after = 0, 0 if found >= 0 else position.at_utc
            else:
                start = back if position.offset else 0
                base, after = (position.offset - back if position.offset else 0), 0
    except OSError:
        return [], position
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) <= start:
        return [], position if base + len(whole) >= position.offset else Position(
            base + len(whole), position.tail, after
        )
    lines = whole[start:].split(b"\n")[:-1]
    parsed = (parse_line(_text(line)) for line in lines)
    entries = [entry for entry in parsed if entry is not None and entry.at_utc >= after]
    last = lines[-1]
    return entries, Position(base + len(whole), last, entries[-1].at_utc if entries else position.at_utc)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
