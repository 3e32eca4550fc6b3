"""Writes one of the tools' files, or takes it away.

Invariants: whole or not at all; its mode stays, and its owner where we may; what somebody changed since we read it is
not written over; a read-only file is left alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from contox_hooks.agent.site import content_of
from contox_hooks.domain.error import Refused
from contox_hooks.whole import write_whole


class Unwritten(Refused):
    """The file is as it was."""


def text_of(path: Path, content: bytes, *, strict: bool) -> str:
    """Its characters; what is no UTF-8 stays as it is in prose, and is refused (`strict`) in settings. UTF-16 is
    refused in both: what we add would be read as other characters."""
    hint = "save it as UTF-8, then repeat"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise Refused(f"{path} is not UTF-8 but UTF-16, or no text: left as it is", hint=hint)
    try:
        return content.decode("utf-8", "strict" if strict else "surrogateescape")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f"{path}, line {line}: not UTF-8: left as it is", hint=hint) from error


def put_file(path: Path, before: bytes | None, after: bytes, *, mode: int | None) -> None:
    """`mode` of a new file; None leaves it to the umask. Raises Unwritten."""
    made: list[Path] = []
    try:
        _check(path, before)
        folder = path.parent
        while not folder.is_dir():
            made.append(folder)
            folder = folder.parent
        path.parent.mkdir(parents=True, exist_ok=True)
        there = None if before is None else path.stat()
        write_whole(path, after, mode=mode if there is None else there.st_mode & 0o7777)
        if there is not None:
            _keep_owner(path, there)
    except OSError as error:
        for one in made:
            with suppress(OSError):
                one.rmdir()
        raise Unwritten(f"{path} cannot be written: {error.strerror}", hint="make room, or it writable") from error


def _keep_owner(path: Path, before: os.stat_result) -> None:
    """As far as we may: somebody else's file that was edited as root stays theirs."""
    now = path.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(OSError, AttributeError):  # not allowed; not on Windows
            os.chown(path, before.st_uid, before.st_gid)


def drop_file(path: Path, before: bytes | None, folders: Sequence[Path]) -> list[Path]:
    """With those of `folders`, innermost first, that are empty then; the others. Raises Unwritten."""
    _check(path, before)
    try:
        path.unlink(missing_ok=before is None)
    except OSError as error:
        raise Unwritten(f"{path} cannot be removed: {error.strerror}", hint="make its folder writable") from error
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
    return [folder for folder in folders if folder.is_dir()]


def sweep_leftovers(path: Path) -> None:
    """What a process that was killed left half-written beside the file (whole.py); only who holds the lock may."""
    name = re.compile(rf"\.{re.escape(path.name)}\.\d+-\d+")
    with suppress(OSError):
        for beside in path.parent.iterdir():
            if name.fullmatch(beside.name):
                beside.unlink()


def _check(path: Path, before: bytes | None) -> None:
    now = content_of(path)
    if now != before:
        raise Unwritten(f"{path} was changed meanwhile", hint="the same command again")
    if now is not None and not path.stat().st_mode & 0o222:
        raise Unwritten(f"{path} is read-only: left as it is", hint=f"chmod u+w {path}")
