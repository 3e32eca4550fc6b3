"""Which process a number means: asked before a signal is sent, so that a reused number never ends a stranger.

The number alone proves nothing. A process' mark is the moment it started (with the boot, where the clock counts from
it), which no later holder of the number shares.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path


def process_mark(pid: int) -> str | None:
    """None: there is no such process any more, or the system does not tell."""
    try:
        # proc(5): the name in brackets may hold anything; the start is field 22, in ticks since the boot.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in (b"Z", b"X") else f"{boot}:{fields[19].decode()}"
    except (OSError, IndexError):
        return None if Path("/proc/self/stat").exists() else _asked_ps(pid)


def _asked_ps(pid: int) -> str | None:
    try:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout.strip() or None


def is_same(pid: int | None, mark: str | None) -> bool:
    """Whether the process with that number is the one that was marked."""
    return pid is not None and pid > 1 and mark is not None and process_mark(pid) == mark


def ask_to_stop(pid: int | None, mark: str | None) -> bool:
    """SIGTERM for the marked process and no other; False when it is gone. Raises PermissionError."""
    if pid is None or not is_same(pid, mark):
        return False
    try:
        if hasattr(os, "pidfd_open"):  # Linux: what is opened stays the same process, also when its number goes on
            opened = os.pidfd_open(pid)
            try:
                if not is_same(pid, mark):
                    return False
                signal.pidfd_send_signal(opened, signal.SIGTERM)
            finally:
                os.close(opened)
        else:
            os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
