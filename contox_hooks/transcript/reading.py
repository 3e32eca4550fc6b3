"""A transcript read on from where it was left, while its tool may be writing it.

Must not know formats. Invariants: only whole lines are taken, so a half-written one is read when it is finished; memory
is bounded whatever a line's length; a file that was replaced or cut is read anew, one that was renamed is read on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from contox_hooks.transcript.format import Step

MAX_LINE_BYTES: Final = 8_000_000
"""A longer line is passed over: pictures and whole files' contents make some, requests and commands none."""
MAX_BYTES: Final = 64_000_000
"""Of one file in one reading, the latest."""
_HEAD_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a transcript was read, and what tells that it is still the same file."""

    path: str
    inode: int
    head: str
    """SHA-256 of the first `head_bytes` bytes."""
    head_bytes: int
    offset: int
    """Behind the last whole line that was taken."""
    cwd: str | None
    """Where work was being done there."""


@dataclass(frozen=True, slots=True)
class Stretch:
    steps: tuple[Step, ...]
    """Those that tell something, each with its `cwd` as far as it is known."""
    mark: Mark
    passed_over: int = 0
    """Lines that were too long or no JSON object, and one for what lies before the latest MAX_BYTES."""


def read_on(
    path: Path, marks: Iterable[Mark], step_of: Callable[[Mapping[str, Any]], Step], *,
    floor: int | None, floor_of_new: int,
) -> Stretch | None:  # fmt: skip
    """What is new in it; None where it cannot be read, or nothing was written since its mark.

    Steps before `floor` (seconds since the epoch), and of a file without a mark those before `floor_of_new`, are passed
    by; a step that has no time counts.
    """
    try:
        if not path.is_file():  # to open a pipe would wait for somebody to write to it
            return None
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            mark = next((mark for mark in marks if _is_same(mark, path, found, file)), None)
            if mark is None:
                if found.st_mtime < max(floor or 0, floor_of_new):
                    return None
                head = file.read(_HEAD_BYTES)
                mark = Mark(str(path), found.st_ino, hashlib.sha256(head).hexdigest(), len(head), 0, None)
                floor = max(floor or 0, floor_of_new)
            elif found.st_size == mark.offset:
                return None
            mark = replace(mark, path=str(path), inode=found.st_ino)
            return _stretch(file, mark, found.st_size, step_of, floor)
    except OSError:
        return None


def _is_same(mark: Mark, path: Path, found: os.stat_result, file: IO[bytes]) -> bool:
    if (mark.inode != found.st_ino and mark.path != str(path)) or found.st_size < mark.offset:
        return False
    file.seek(0)
    return hashlib.sha256(file.read(mark.head_bytes)).hexdigest() == mark.head


def _stretch(
    file: IO[bytes], mark: Mark, size: int, step_of: Callable[[Mapping[str, Any]], Step], floor: int | None
) -> Stretch:
    steps, passed_over, offset, cwd = [], 0, mark.offset, mark.cwd
    if size - offset > MAX_BYTES:
        if offset == 0:  # the first line may say where all of it happens
            file.seek(0)
            first = _step(file.readline(MAX_LINE_BYTES), step_of)
            cwd = first.cwd if first is not None else None
        offset = file.seek(size - MAX_BYTES)
        offset += next(_lines(file), (b"", 0))[1]
        passed_over += 1
    file.seek(offset)
    for line, length in _lines(file):
        offset += length
        step = _step(line, step_of)
        if step is None:
            passed_over += line != b"\n"
            continue
        cwd = step.cwd or cwd
        if step.tells and (floor is None or step.at_utc is None or step.at_utc >= floor):
            where = str(Path(cwd or "", step.workdir)) if step.workdir else cwd
            steps.append(replace(step, cwd=where, workdir=None))
    return Stretch(tuple(steps), replace(mark, offset=offset, cwd=cwd), passed_over)


def _step(line: bytes, step_of: Callable[[Mapping[str, Any]], Step]) -> Step | None:
    """None for what is no JSON object."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return step_of(entry) if isinstance(entry, dict) else None


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Whole lines and their lengths in bytes; of one that is too long nothing but its length."""
    while True:
        line = file.readline(MAX_LINE_BYTES)
        length = len(line)
        if length == MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
                length += len(line)
            if line:
                yield b"", length
                continue
        if not line.endswith(b"\n"):
            return
        yield line, length
