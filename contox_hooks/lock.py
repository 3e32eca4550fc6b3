"""An exclusive lock that the operating system frees when its holder dies: who is alive is never read from a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from contox_hooks.plain import opened

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """An exclusive lock on a file, freed by the kernel when its holder dies. Not re-entrant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Whether it is ours now. Raises OSError when the file cannot be opened (read-only, full, a link)."""
        file = os.fdopen(opened(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), "ab")
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_UN)  # a process that another thread is just starting has it as well
            self._file.close()
            self._file = None

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.release()
