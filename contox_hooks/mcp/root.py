"""Which repository a call is about: that of the client's roots, of a folder it names, or of the working directory.

Owns reading `file:` URIs and the choice. Must not know memory. Invariants: a folder's name decides nothing, nothing is
created, and where two repositories would do, neither is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from contox_hooks.capture.state import state_of
from contox_hooks.domain.error import Error, NotInitialised, RepositoryError, UsageError
from contox_hooks.git.repository import Repository, locate

MAX_ROOTS = 64
"""Each costs three git processes once; a workspace of more is somebody's whole disk."""

_LOCATED: dict[Path, tuple[tuple[Path, int, int] | None, Repository]] = {}
"""What git said of a folder, and the `.git` that it said it of: three processes are most of a call's time."""


def folders_of(uris: Iterable[str]) -> list[Path]:
    """The folders of this machine among a client's roots, each once. What is no `file:` URI, or names another host, is
    left out."""
    found = (_folder(uri) for uri in uris)
    return list(dict.fromkeys(folder for folder in found if folder is not None))[:MAX_ROOTS]


def _folder(uri: str) -> Path | None:
    """Some clients join `file://` and a path as it is: where what is decoded is not there, the text itself may be."""
    try:
        parts = urlsplit(uri)
        if parts.scheme.lower() != "file" or parts.netloc.lower() not in ("", "localhost"):
            return None
        decoded = Path(os.fsdecode(unquote_to_bytes(parts.path)))
        literal = Path(uri[len("file://") + len(parts.netloc) :])
        return literal if literal.is_dir() and not decoded.is_dir() else decoded
    except ValueError:  # what no path can hold
        return None


def captured_repository(folders: Sequence[Path], directory: str | None = None) -> Repository:
    """The one captured repository that `directory` is in, else the folders, else the working directory.

    `directory` must lie in one of the folders, where there are any. Raises UsageError where several repositories fit or
    `directory` is none, NotInitialised where none is captured, RepositoryError where there is none.
    """
    if directory is not None:
        return _captured([_within(directory, folders)])
    return _captured(folders or [Path.cwd()])


def _located(folder: Path) -> Repository:
    """git is asked again when the nearest `.git` is another one; where there is none (a bare repository), each time.
    Raises RepositoryError."""
    if not folder.is_dir():
        raise RepositoryError(f"there is no folder {folder}")
    nearest = next((found for above in (folder, *folder.parents) if (found := _identity(above / ".git"))), None)
    known = _LOCATED.get(folder)
    if known is None or known[0] != nearest or nearest is None:
        if len(_LOCATED) >= MAX_ROOTS:
            _LOCATED.clear()
        known = _LOCATED[folder] = nearest, locate(folder)
    return known[1]


def _identity(path: Path) -> tuple[Path, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return path, found.st_dev, found.st_ino


def _within(directory: str, folders: Sequence[Path]) -> Path:
    base = folders[0] if len(folders) == 1 else Path.cwd()
    try:
        wanted = (base / directory).resolve(strict=True)
        is_open = not folders or any(wanted.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, ValueError) as error:
        raise UsageError(f"directory {directory!r}: there is no such folder") from error
    if not is_open:
        raise UsageError(
            f"directory {directory!r} is in no folder that the client has opened", hint="open it there first"
        )
    return wanted


def _captured(folders: Sequence[Path]) -> Repository:
    captured: dict[Path, tuple[Path, Repository]] = {}
    failures: list[Error] = []
    for folder in folders:
        try:
            repo = _located(folder)
        except RepositoryError as error:
            failures.append(error)
            continue
        if state_of(repo).database.exists():
            captured.setdefault(repo.common_dir, (folder, repo))
        else:
            failures.append(
                NotInitialised(f"nothing is captured in {folder} yet", hint="the user can run there: contox-hooks init")
            )
    if len(captured) > 1:
        names = ", ".join(str(folder) for folder, _ in captured.values())
        raise UsageError(
            f"{len(captured)} captured repositories are open: {names}",
            hint="name one where a tool takes a directory, or: contox-hooks -C FOLDER mcp",
        )
    for _, repo in captured.values():
        return repo
    raise next((one for one in failures if isinstance(one, NotInitialised)), failures[0])
