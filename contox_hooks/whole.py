"""Writes a file whole or not at all. Standard library only: it lies on the hook's path."""

from __future__ import annotations

import os
import time
from pathlib import Path


def write_whole(path: Path, content: bytes | str, *, mode: int | None = 0o600, durable: bool = True) -> None:
    """Readers see what was there or all of `content` (text as UTF-8, bytes that were no text as they came), never a
    part. `mode` None leaves it to the umask; `durable` survives a power cut. A link at `path` is replaced, not
    followed. Raises OSError; then `path` is as it was.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}")  # several threads may write it
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666), "wb") as file:  # noqa: PTH123
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            fresh.chmod(mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Names of files in it survive a power cut too; some file systems know no such thing."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
