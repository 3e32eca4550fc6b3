"""Which files the user works on: named with `--for`, or changed in the work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contox_hooks.git.repository import Repository


def worked_on(repo: Repository, named: Iterable[str] | None, *, changed: bool = False) -> list[str]:
    """Paths from the repository's root."""
    return [*(_in_repository(repo, path) for path in named or ()), *(_changed(repo) if changed else ())]


def _in_repository(repo: Repository, path: str) -> str:
    """It may be given from the working directory."""
    here = Path(os.path.normpath(Path.cwd() / path))
    if repo.work_tree is not None and here.exists() and here.is_relative_to(repo.work_tree):
        return here.relative_to(repo.work_tree).as_posix()
    return path.removeprefix("./")


def _changed(repo: Repository) -> list[str]:
    """Files that differ from HEAD, staged or not. None in a bare repository, or before the first commit."""
    if repo.work_tree is None:
        return []
    where = (f"--git-dir={repo.git_dir}", f"--work-tree={repo.work_tree}")
    out = repo.git(*where, "diff", "--name-only", "--no-ext-diff", "-z", "HEAD", "--", ok=(0, 128))
    return [os.fsdecode(path) for path in out.split(b"\0") if path]
