"""The mark that tells hooks a drain is on its way; the authority is the drain's file lock (contox_hooks/lock.py).

It holds `<pid> <start time>`, as hooks/capture.sh writes and checks it; the start time (field 22 of /proc/PID/stat)
keeps a reused process number from posing as a live drain. A crash leaves a mark that no process answers to.
"""

from __future__ import annotations

import os
from pathlib import Path


class Mark:
    """The drain's flag for hooks. Raising it tells them to start nothing; who lowers it must look once more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = f"{os.getpid()} {start_time(os.getpid())}\n"

    def raise_(self) -> None:
        if self._read() != self._own:
            self._path.write_text(self._own)

    def lower(self) -> None:
        if self._read() == self._own:
            self._path.unlink(missing_ok=True)

    def is_up_elsewhere(self) -> bool:
        """Whether another live process has it up: it will see what was spooled before it looked last."""
        text = self._read()
        if not text or text == self._own:
            return False
        pid, _, started = text.strip().partition(" ")
        return pid.isdigit() and started != "dead" and is_alive(int(pid)) and start_time(int(pid)) == (started or "-")

    def _read(self) -> str:
        try:
            return self._path.read_text()
        except OSError:
            return ""


def start_time(pid: int) -> str:
    """Clock ticks after boot at which the process started; `-` where there is no /proc, `dead` for a zombie (where
    nobody reaps orphans, as in many containers, a drain that has ended stays one)."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "dead" if words[0] in ("Z", "X") else words[19]
    except (OSError, IndexError):
        return "-"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
