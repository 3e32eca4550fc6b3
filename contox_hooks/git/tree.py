"""The folders of a repository's work trees, and what lies in them. Reads small files and links.

git is asked only of a folder that is gone: it may have been another repository.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import run, stream


def work_trees(repo: Repository) -> list[Path]:
    """The main one and all linked ones, as git names them; some may be gone."""
    found = [] if repo.work_tree is None else [repo.work_tree]
    if repo.common_dir.name == ".git":
        found.append(repo.common_dir.parent)
    for pointer in sorted(repo.common_dir.glob("worktrees/*/gitdir")):
        try:
            found.append(Path(pointer.read_text("utf-8", "surrogateescape").rstrip("\n")).parent)
        except OSError:
            continue
    return list(dict.fromkeys(found))


class Trees:
    """Says of a path where it is in this repository, links followed; a repository inside it is another one. A folder
    that is gone is in it if HEAD or the index has files below it."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self.folders = work_trees(repo)
        roots = {Path(os.path.realpath(folder)) for folder in self.folders}
        # A linked work tree may lie in the main one.
        self._roots = sorted(roots, key=lambda root: len(root.parts), reverse=True)
        self._found = lru_cache(4096)(self._looked_up)

    def holds(self, folder: str) -> bool:
        return Path(folder).is_absolute() and self._found(Path(folder)) is not None

    def inside(self, path: str, folder: str) -> str | None:
        """A file's path from its work tree, as git spells it, for a path that was given in `folder`; None outside."""
        whole = Path(folder, path)
        found = self._found(whole.parent)
        return None if found is None else (found / whole.name).as_posix()

    def _looked_up(self, folder: Path) -> Path | None:
        """Where a folder is in its work tree."""
        try:
            real = Path(os.path.realpath(folder))
        except ValueError:  # a NUL byte, or half of a pair of surrogates
            return None
        root = next((root for root in self._roots if real.is_relative_to(root)), None)
        if root is None:
            return None
        inside = real.relative_to(root)
        between = (root / part for part in (inside, *inside.parents) if part.parts)
        if any(os.path.lexists(part / ".git") for part in between):
            return None
        return inside if not inside.parts or real.is_dir() or _is_tracked(self._repo, inside.as_posix()) else None


def _is_tracked(repo: Repository, folder: str) -> bool:
    """Whether HEAD or the index of this work tree has files below it."""
    if run(repo.git_dir, "cat-file", "-t", f"HEAD:{folder}", ok=(0, 128)) == b"tree\n":
        return True
    with stream(repo.git_dir, "--literal-pathspecs", "ls-files", "-z", "--", f"{folder}/") as process:
        assert process.stdout is not None
        # A submodule's own entry has no slash behind its name.
        return process.stdout.read(len(os.fsencode(folder)) + 1) == os.fsencode(f"{folder}/")
