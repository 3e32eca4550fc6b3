"""Opens a regular file, and nothing else that may stand at its path: what a clone brought is a stranger's.

Invariant: no link is followed, no pipe waited for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def opened(path: Path, flags: int, mode: int = 0o600) -> int:
    """Its descriptor, for whoever closes it. `flags` as os.open's. Raises OSError."""
    descriptor = os.open(path, flags | _FLAGS, mode)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(None, "it is no regular file", str(path))
