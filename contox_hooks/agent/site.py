"""Where a tool's files are on this machine and in this work tree. Reads only.

Invariant: a path of the work tree never leads out of it, nor into git's own folders, whatever links a stranger's commit
put there; the user's own files may be links to wherever the user keeps them.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.agent.tool import Spot, Tool
from contox_hooks.domain.error import Refused


@dataclass(frozen=True, slots=True)
class Site:
    root: Path
    """The work tree."""
    state: Path
    """The repository's own folder for what we remember of it."""
    record_name: str
    """Of this work tree's record there."""
    data: Path
    """The user's, for what is remembered of files outside the work tree."""

    def expanded(self, path: str) -> Path:
        """As the tools find it: Codex moves its folder by CODEX_HOME."""
        if path.startswith("~/.codex/") and os.environ.get("CODEX_HOME"):
            return Path(os.environ["CODEX_HOME"]) / path.removeprefix("~/.codex/")
        if path.startswith("~/"):
            return Path.home() / path.removeprefix("~/")
        return _programs_data() / path.removeprefix("%/") if path.startswith("%/") else self.root / path

    def is_there(self, path: str) -> bool:
        place = self.expanded(path)
        return place.is_dir() if path.endswith("/") else place.is_file()

    def spot(self, spots: tuple[Spot, ...]) -> Spot:
        """The one that counts here."""
        return next(spot for spot in spots if not spot.needs or self.is_there(spot.needs))

    def has(self, tool: Tool) -> bool:
        """Whether something shows that the tool is used on this machine or in this work tree."""
        return any(map(self.is_there, tool.signs)) or any(map(shutil.which, tool.programs))

    def shown(self, spot: Spot) -> str:
        """Its path as people know it."""
        path = self.expanded(spot.path)
        if spot.is_users and path.is_relative_to(Path.home()):
            return f"~/{path.relative_to(Path.home()).as_posix()}"
        return str(path) if spot.is_users else spot.path

    def target(self, spot: Spot) -> Path:
        """The file itself, links followed. Raises Refused where a link leads to what is not ours to write."""
        path = self.expanded(spot.path)
        try:
            found = path.resolve()
        except (OSError, RuntimeError) as error:  # links that go round
            raise Refused(f"{path} cannot be followed", hint="look at it with ls -l") from error
        if spot.is_users:
            return found
        root = self.root.resolve()
        inside = found.relative_to(root).parts if found.is_relative_to(root) else (".git",)
        if any(part.casefold() == ".git" for part in inside):
            raise Refused(f"{path} is a link that leads out of the work tree", hint="put a file of its own there")
        foreign = next((f for f in found.parents if f.is_relative_to(root) and f != root and is_checkout(f)), None)
        if foreign is not None:
            raise Refused(f"{foreign} is a repository of its own", hint="run contox-hooks agents in there")
        if path.is_symlink() and (not path.suffix or found.suffix != path.suffix or not found.is_file()):
            raise Refused(f"{path} is a link to {found}, which is no such file", hint="put a file of its own there")
        return found


def is_checkout(folder: Path) -> bool:
    """Whether it is the root of some work tree of git's."""
    return os.path.lexists(folder / ".git")


def _programs_data() -> Path:
    """Where VS Code and its kin keep a user's settings."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


MAX_BYTES = 1024 * 1024
"""Of a file that is edited; a larger one is something else."""


def content_of(path: Path) -> bytes | None:
    """None without the file. Raises Refused for what is no regular file, too large, or cannot be read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise Refused(f"{path} is no regular file of a usual size", hint="move it away, then repeat")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
