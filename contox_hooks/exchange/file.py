"""Files of an exchange: written whole or not at all, read twice wherever they come from.

Must not know what is in them. Invariant: what produces the pieces is never kept waiting by whoever reads them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from contox_hooks.domain.error import Refused, UsageError

MAX_BYTES: Final = 8 * 1024**3
"""Through a pipe; 10,000 commits with their memory have some 50 MB."""
_SQLITE: Final = b"SQLite format 3\0"


class Written(NamedTuple):
    size_bytes: int
    sha256: str
    pieces: int


def write(pieces: Iterable[bytes], path: Path | None, *, never: Iterable[Path] = ()) -> Written:
    """Into a file for its owner alone, or on standard output; into a device or a pipe as it is, and where a link leads.

    Raises UsageError where it cannot be written; Refused for a database, and for what is in one of the folders `never`.
    """
    if path is None:
        sys.stdout.flush()
        return _to_stream(pieces, lambda: nullcontext(sys.stdout.buffer), "standard output")
    hint = "-o FILE, in a folder that is yours"
    try:
        path = path.resolve()
        if path.exists():
            _check_replaceable(path, never)
            if not path.is_file():
                return _to_stream(pieces, partial(path.open, "wb"), str(path))
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot write {path}: {_reason(error)}", hint=hint) from error
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            done = _write(pieces, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {_reason(error)}", hint=hint) from error
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return done


def _check_replaceable(path: Path, never: Iterable[Path]) -> None:
    is_state = ".git" in path.parts or any(path.is_relative_to(folder.resolve()) for folder in never)
    if is_state or (path.is_file() and _begins(path, _SQLITE)):
        raise Refused(f"{path} holds a program's own state", hint="-o FILE, another one")


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _to_stream(pieces: Iterable[bytes], opened: Callable[[], AbstractContextManager[Any]], name: str) -> Written:
    """Raises UsageError, BrokenPipeError where whoever reads has gone."""
    where = tempfile.gettempdir()
    try:
        with _spool() as spool:
            done = _write(pieces, spool)
            spool.seek(0)
            where = name
            with opened() as stream:
                shutil.copyfileobj(spool, stream)
                stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write to {where}: {_reason(error)}", hint="-o FILE") from error
    return done


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)


def _write(pieces: Iterable[bytes], file: IO[bytes]) -> Written:
    digest, size, count = hashlib.sha256(), 0, 0
    for piece in pieces:
        file.write(piece)
        digest.update(piece)
        size += len(piece)
        count += 1
    return Written(size, digest.hexdigest(), count)


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    """Gone afterwards, also what found no room."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        yield spool
    finally:
        with suppress(OSError):
            spool.close()


@contextmanager
def readable(path: str, *, longest_line: int) -> Iterator[IO[bytes]]:
    """A file that can be read again from its start; `-` is standard input. Raises UsageError, also where more comes
    through a pipe than can be kept: a line beyond `longest_line` bytes, all beyond MAX_BYTES."""
    with ExitStack() as stack:
        try:
            file: IO[bytes] = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
            if path == "-" or not file.seekable():
                spool = stack.enter_context(_spool())
                _keep(file, spool, path, longest_line)
                file = spool
        except OSError as error:
            hint = f"what is not a file is kept in {tempfile.gettempdir()} meanwhile" if path == "-" else ""
            raise UsageError(f"cannot read {path}: {_reason(error)}", hint=hint) from error
        yield file


def _keep(file: IO[bytes], spool: IO[bytes], path: str, longest_line: int) -> None:
    size = 0
    while text := file.readline(longest_line + 1):
        size += len(text)
        if len(text) > longest_line or size > MAX_BYTES or not text.startswith(b"{"):
            raise UsageError(f"what comes from {path} is no export", hint="contox-hooks export writes such files")
        spool.write(text)
    spool.flush()
