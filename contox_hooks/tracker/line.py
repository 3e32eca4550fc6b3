"""What a line of the log looks like, to write one and to read one: `[2026-11-21 16:15:02 +0000] Edited: src/a.py`.

Pure but for the zone of local time. Invariants: a text is redacted whole before anything is cut from it; a line holds
no control character and none that reorders its neighbours; what was cut says how much.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple

from contox_hooks.domain.redaction import redact
from contox_hooks.tracker.change import Change

TEXT_CHARACTERS = 500
STATUS_CHARACTERS = 200
_READ_CHARACTERS = 65_536
"""A text is redacted up to here; far less of it is ever shown."""

_ODD = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
    r"|[\U000e0000-\U000e007f]"
)
"""Controls, line ends, bidi marks, what has no width, what is no character (bytes of a name that is no UTF-8)."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LINE = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4})\] (.*)")


class Entry(NamedTuple):
    stamp: str
    kind: str
    """What stands before the colon: Edited, Created, Deleted, Moved, Ran, Note, Gap; the whole text without one."""
    detail: str


def one_line(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """The text without secrets, on one line, of at most `limit` characters and a mark of what is missing."""
    try:
        shown = redact(text[:_READ_CHARACTERS]).text
    except Exception:  # invariant 5: then the text is withheld, what happened is not
        return "[withheld]"
    shown = _ODD.sub(_escaped, shown)
    missing = len(shown) + max(0, len(text) - _READ_CHARACTERS) - limit
    return shown if missing <= 0 else f"{shown[:limit]}… (+{missing:,} characters)"


def _escaped(found: re.Match[str]) -> str:
    char, code = found[0], ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def line(text: str, at: float) -> str:
    """`text` holds what `one_line` gave; `at` in seconds since the epoch, shown in local time with its zone."""
    return f"[{time.strftime('%Y-%m-%d %H:%M:%S %z', time.localtime(at))}] {text}"


def entry_of(text: str) -> Entry | None:
    """None for a heading, an empty line, and half a line that a kill left."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    kind, colon, detail = found[2].partition(": ")
    return Entry(found[1], kind, detail if colon else "")


def iso_of(stamp: str) -> str:
    """An entry's stamp as ISO 8601."""
    date, time_of_day, zone = stamp.split(" ")
    return f"{date}T{time_of_day}{zone[:3]}:{zone[3:]}"


def change_text(change: Change) -> str:
    if change.kind == "gap":
        count = f"{change.count:,} changes" if change.count else "some changes"
        why = f" ({one_line(change.path)})" if change.path else ""
        return f"Gap: the watching missed {count}{why}; what a look at the files finds follows"
    path = one_line(change.path)
    if change.kind == "moved":
        path = f"{one_line(change.old_path or '?')} -> {path}"
    times = f" (x{change.count})" if change.count > 1 else ""
    return f"{change.kind.capitalize()}: {path}{times}"


def command_text(command: str, status: str) -> str:
    return f"Ran: {one_line(command)} -> {one_line(status, STATUS_CHARACTERS)}"


def command_of(entry: Entry) -> tuple[str, str] | None:
    """Command and status of a line that `command_text` made."""
    command, arrow, status = entry.detail.rpartition(" -> ")
    return (command, status) if entry.kind == "Ran" and arrow else None
