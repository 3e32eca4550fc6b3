"""A git directory as a value: every name, kind, mode and byte outside `contox/`."""

from __future__ import annotations

import os
from pathlib import Path


def snapshot(git_dir: Path) -> dict[str, tuple[str, int, bytes]]:
    found: dict[str, tuple[str, int, bytes]] = {}
    for root, folders, files in os.walk(git_dir):
        folders[:] = [name for name in folders if Path(root, name) != git_dir / "contox"]
        for name in (*folders, *files):
            path = Path(root, name)
            mode = path.lstat().st_mode & 0o7777
            if path.is_symlink():
                found[str(path)] = ("link", 0, os.fsencode(path.readlink()))
            elif path.is_dir():
                found[str(path)] = ("folder", mode, b"")
            else:
                found[str(path)] = ("file", mode, path.read_bytes())
    return found
