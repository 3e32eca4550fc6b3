"""Changes to a repository's files that are made whole or not at all.

Every step remembers how to take itself back; leaving the block by an exception takes back all of them, newest first.
Invariant: a file is never seen half-written (temporary file, then rename).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from contox_hooks.domain.error import Error, RepositoryError
from contox_hooks.git.config import config_bytes, replace_config
from contox_hooks.git.run import GitFailed
from contox_hooks.whole import write_whole


class Changes:
    """`with Changes() as changes: …`. Raises RepositoryError for what the file system or git refuses."""

    def __init__(self) -> None:
        self._take_back: list[Callable[[], object]] = []
        self._configs: dict[Path, bytes] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing had to be changed."""
        changed = any(config_bytes(common_dir) != before for common_dir, before in self._configs.items())
        return not changed and len(self._take_back) == len(self._configs)

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """The file with exactly this content and mode; nothing is touched when it is so already."""
        if path.is_file() and not path.is_symlink():
            before, before_mode = path.read_bytes(), path.stat().st_mode & 0o7777
            if (before, before_mode) == (content, mode):
                return
            write_whole(path, content, mode=mode)
            self._take_back.append(lambda: write_whole(path, before, mode=before_mode))
        else:
            write_whole(path, content, mode=mode)
            self._take_back.append(path.unlink)

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)
        self._take_back.append(lambda: new.rename(old))

    def remove(self, path: Path) -> None:
        """A regular file of ours; nothing happens when it is not there."""
        if not path.is_file():
            return
        before, mode = path.read_bytes(), path.stat().st_mode & 0o7777
        path.unlink()
        self._take_back.append(lambda: write_whole(path, before, mode=mode))

    def make_folder(self, path: Path, mode: int = 0o777) -> bool:
        """Whether it had to be made."""
        if path.is_dir():
            return False
        path.mkdir(mode)
        self._take_back.append(path.rmdir)
        return True

    def remove_folder(self, path: Path) -> None:
        """Only if nothing is left in it."""
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            mode = path.stat().st_mode & 0o7777
            path.rmdir()
            self._take_back.append(lambda: path.mkdir(mode))

    def edit_config(self, common_dir: Path) -> None:
        """From here on the repository's `config` may be edited; taken back to the byte."""
        if common_dir not in self._configs:
            before = self._configs[common_dir] = config_bytes(common_dir)
            self._take_back.append(lambda: _restore_config(common_dir, before))

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is None:
            return
        for step in reversed(self._take_back):
            with suppress(OSError, Error):
                step()
        if isinstance(error, OSError):
            where = error.filename2 or error.filename or "the git directory"
            raise RepositoryError(
                f"hooks not changed, everything is as before: {os.fsdecode(where)}: {error.strerror or error}",
                hint="make the folder writable or free some space, then try again",
            ) from error
        if isinstance(error, GitFailed):
            raise RepositoryError(f"hooks not changed, everything is as before: {error}") from error


def _restore_config(common_dir: Path, before: bytes) -> None:
    if config_bytes(common_dir) != before:
        replace_config(common_dir, before)
