"""`session.md`: appended to, never rewritten; when a session begins, what stood there goes to a file of its own.

Callers hold `place.writing`. Invariants: a line is there whole or not at all, also on a full disk; what a killed
process left half written ends its own line, not the next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from contox_hooks.plain import opened
from contox_hooks.tracker.place import Place
from contox_hooks.whole import write_whole

_HEADER = re.compile(rb"# (?:Session|Between sessions,) ([0-9]{8}T[0-9]{6}\.[0-9]{3}Z)\n")
_CLOSED = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z(-before)?\.md")


def append(place: Place, lines: Sequence[str], *, header: str) -> int:
    """Where the log ends now, in bytes. `header` begins a log that is not there yet. Raises OSError, and nothing was
    written."""
    descriptor = opened(place.log, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        text = "".join(f"{line}\n" for line in lines)
        if not size:
            text = f"{header}\n{text}"
        else:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":
                text = f"\n{text}"
        data = text.encode("utf-8", "backslashreplace")
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        return size + len(data)
    finally:
        os.close(descriptor)


def read_from(place: Place, offset: int) -> list[str]:
    """Whole lines behind `offset` (from the start, where that is before it); none where the log is shorter, or not
    there."""
    try:
        with os.fdopen(opened(place.log, os.O_RDONLY), "rb") as file:
            if file.seek(0, os.SEEK_END) <= offset:
                return []
            file.seek(max(0, offset))
            return file.read().decode("utf-8", "replace").split("\n")[:-1]
    except OSError:
        return []


def size_bytes(place: Place) -> int:
    try:
        return place.log.stat().st_size
    except OSError:
        return 0


def session_header(session: str, task: str | None) -> str:
    """`task` holds what `one_line` gave."""
    return f"# Session {session}\n" + (f"\nTask: {task}\n" if task else "")


def between_header(session: str) -> str:
    """Over notes and commands that were written before any tracker ran."""
    return f"# Between sessions, {session}\n"


def archive(place: Place, session: str) -> None:
    """A copy of the log in the session's own file: the log itself stays for people until the next session begins, and
    takes what is noted meanwhile. Raises OSError."""
    try:
        with os.fdopen(opened(place.log, os.O_RDONLY), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return
    place.sessions.mkdir(mode=0o700, exist_ok=True)
    write_whole(place.sessions / f"{session}.md", data, durable=False)


def clear(place: Place, session: str) -> None:
    """Make room for a new session: what stands in the log goes whole to the file of the session it belongs to; what
    has no heading of ours, to `<session>-before.md`. Raises OSError."""
    try:
        with os.fdopen(opened(place.log, os.O_RDONLY), "rb") as file:
            found = _HEADER.match(file.readline(200))
    except FileNotFoundError:
        return
    place.sessions.mkdir(mode=0o700, exist_ok=True)
    name = found[1].decode() if found else f"{session}-before"
    place.log.replace(place.sessions / f"{name}.md")


def prune(place: Place, keep: int) -> None:
    """The newest `keep` closed sessions stay. Names begin with their time. Raises OSError."""
    if place.sessions.is_dir():
        closed = sorted(path for path in place.sessions.iterdir() if _CLOSED.fullmatch(path.name))
        for path in closed[: max(0, len(closed) - keep)]:
            path.unlink(missing_ok=True)
