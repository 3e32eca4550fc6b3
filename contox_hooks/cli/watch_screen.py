"""What `watch` puts out: lines or JSON lines, a live line below them on a terminal, desktop notifications if asked for.

Must not know sessions. Invariant: a trouble is told when it begins or changes, and once more when it is over.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

from contox_hooks.cli.render import clean, emit_json_line, say
from contox_hooks.domain.error import Error
from contox_hooks.notify import leave, notify

TITLE = "Contox"


class Screen:
    def __init__(self, *, json: bool, notifies: bool) -> None:
        self._json = json
        self._notifies = notifies
        self._live = sys.stdout.isatty() and not json
        self._line = ""
        self._troubles: dict[str, tuple[str, str]] = {}

    def put(self, text: str, data: dict[str, Any]) -> None:
        self.clear()
        if self._json:
            emit_json_line({"at": int(time.time()), **data})
        else:
            say(text)
        sys.stdout.flush()

    def notify(self, text: str, url: str | None = None) -> None:
        """On the desktop as well, with --notify."""
        if self._notifies:
            notify(TITLE, text, url=url)

    def trouble(self, where: str, error: Error) -> None:
        """`where`: one of those in `_FINE`."""
        why = (error.code, getattr(error, "why", None) or error.message)
        if self._troubles.get(where) == why:
            return
        self._troubles[where] = why
        hint = f"\n  → {clean(error.hint)}" if error.hint else ""
        data = {"kind": "trouble", "where": where, "code": error.code, "message": error.message, "hint": error.hint}
        self.put(f"! {clean(error.message)}{hint}", data)

    def fine(self, where: str) -> None:
        if self._troubles.pop(where, None) is not None:
            self.put(_FINE[where], {"kind": "recovered", "where": where})

    def show_live(self, line: str) -> None:
        """Below everything else, until something else is put; nothing where stdout is no terminal."""
        if not self._live:
            return
        room = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be cleared
        line = line if len(line) <= room else f"{line[: room - 1]}…"
        if line != self._line:
            self.clear()
            sys.stdout.write(line)
            sys.stdout.flush()
            self._line = line

    def clear(self) -> None:
        if self._line:
            sys.stdout.write("\r\x1b[2K")
            self._line = ""

    def leave(self) -> None:
        self.clear()
        sys.stdout.flush()
        leave()


_FINE = {
    "commits": "The look for new commits works again.",
    "memory": "The memory store can be read again.",
    "server": "The server answers again.",
    "connection": "The connection can be read again.",
}
