"""What we added to which file, so that it can be taken out to the byte: one small JSON file a work tree, one a user.

Holds our own words only, never a file's other content. Invariant: a record that is lost or damaged costs exactness,
never a file: what is ours is found by its name and its marks as well.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from contox_hooks.agent.insertion import Insertion
from contox_hooks.domain.error import Busy, StoreError
from contox_hooks.lock import FileLock
from contox_hooks.whole import write_whole

PATIENCE_S = 5.0
_POLL_S = 0.05


@dataclass(slots=True)
class Added:
    kind: str
    """`server` or `rules`."""
    tools: list[str]
    """Who reads it; the last one to leave takes it away."""
    after: str = ""
    """Hash of the file as we left it."""
    insertions: list[Insertion] = field(default_factory=list)
    made: bool = False
    """The file was not there before."""
    folders: list[str] = field(default_factory=list)
    """Folders made for it, innermost first, as keys."""
    prune: bool = False
    """The object around the entry was not there before."""
    brief: bool = False
    """The user wants the project's brief here, kept up to date."""


class Record:
    """What is remembered of the files under `root`; without one, of the root that it was kept with."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self._path = path
        self.files: dict[str, Added] = {}
        """By `key`: a work tree that is moved takes its record along."""
        self.root = root or Path()
        self._kept_root = self.root
        self._read(root)

    @property
    def is_moved(self) -> bool:
        """Whether what is kept names another root."""
        return bool(self.files) and self._kept_root != self.root

    def key(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def path(self, key: str) -> Path:
        return self.root / key

    def pass_on(self, key: str, folders: Sequence[Path]) -> None:
        """Folders that were made for the file of `key`, but hold others of ours: the last of those takes them away."""
        for folder in folders:
            for other, added in self.files.items():
                if other != key and self.path(other).is_relative_to(folder):
                    added.folders.append(self.key(folder))
                    break

    def _read(self, root: Path | None) -> None:
        try:
            values = json.loads(self._path.read_text("utf-8"))
            self._kept_root = Path(values["root"])
            self.root = root or self._kept_root
            for path, value in values["files"].items():
                pieces = [Insertion(int(at), str(text)) for at, text in value.pop("insertions")]
                self.files[path] = Added(insertions=pieces, **value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return

    def keep(self) -> None:
        """Raises StoreError."""
        try:
            if not self.files:
                self._path.unlink(missing_ok=True)
                return
            files = {path: _plain(added) for path, added in sorted(self.files.items())}
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, json.dumps({"root": str(self.root), "files": files}, indent=1))
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written: {error.strerror}", hint="make room, or the folder writable"
            ) from error


def _plain(added: Added) -> dict[str, Any]:
    return {**asdict(added), "insertions": [[piece.at, piece.text] for piece in added.insertions]}


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def alone(folders: Sequence[Path]) -> Iterator[None]:
    """While nobody else changes agents' files by these folders' records. Raises Busy, StoreError."""
    if not folders:
        yield
        return
    folder, *rest = folders
    until = time.monotonic() + PATIENCE_S
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(folder / "agents.lock")
        while not lock.take():
            if time.monotonic() >= until:
                raise Busy("another contox-hooks is changing the agents' files", hint="try again in a moment")
            time.sleep(_POLL_S)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}", hint="make the folder writable") from error
    with lock, alone(rest):
        yield
