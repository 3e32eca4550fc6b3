"""Files of an exchange: written whole or not at all, read twice wherever they come from.

Must not know what is in them. Invariant: what produces the pieces is never kept waiting by whoever reads them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from contox_hooks.domain.error import UsageError


class Written(NamedTuple):
    size_bytes: int
    sha256: str
    pieces: int


def write(pieces: Iterable[bytes], path: Path | None) -> Written:
    """Into a file for its owner alone, or on standard output. Raises UsageError where it cannot be written."""
    if path is None:
        with tempfile.TemporaryFile() as spool:
            try:
                done = _write(pieces, spool)
                spool.seek(0)
            except OSError as error:
                raise UsageError(f"no room in {tempfile.gettempdir()}: {error.strerror}", hint="-o FILE") from error
            sys.stdout.flush()
            shutil.copyfileobj(spool, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return done
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            done = _write(pieces, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="-o FILE, in a folder that is yours") from error
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return done


def _write(pieces: Iterable[bytes], file: IO[bytes]) -> Written:
    digest, size, count = hashlib.sha256(), 0, 0
    for piece in pieces:
        file.write(piece)
        digest.update(piece)
        size += len(piece)
        count += 1
    return Written(size, digest.hexdigest(), count)


@contextmanager
def readable(path: str) -> Iterator[IO[bytes]]:
    """A file that can be read again from its start; `-` is standard input. Raises UsageError."""
    with ExitStack() as stack:
        try:
            file: IO[bytes] = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
            if path == "-" or not file.seekable():
                spool = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, spool)
                file = spool
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        yield file
