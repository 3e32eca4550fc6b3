"""Which files the user means: named with `--file` or `--for`, or changed in the work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import UsageError

if TYPE_CHECKING:
    from contox_hooks.git.repository import Repository


def worked_on(repo: Repository, named: Iterable[str] | None, *, changed: bool = False) -> list[str]:
    """Paths from the repository's root."""
    given = filter(None, (in_repository(repo, path) for path in named or ()))
    return [*given, *(_changed(repo) if changed else ())]


def in_repository(repo: Repository, path: str) -> str:
    """From the repository's root, "" for all of it. What stands there when looked at from the working directory is
    meant, links on the way to it included; else what may have stood at that place from the root on, or a pattern.
    Raises UsageError for what is outside."""
    tree = repo.work_tree
    if tree is None:
        return path.removeprefix("./")
    here = Path(os.path.normpath(Path.cwd() / path))
    inside = [(here, tree), (here.parent.resolve() / here.name, tree.resolve()), (here.resolve(), tree.resolve())]
    found = next((place.relative_to(root) for place, root in inside if place.is_relative_to(root)), None)
    is_placed = Path(path).is_absolute() or path.split("/")[0] == ".." or os.path.lexists(here)
    if not is_placed:
        return path.removeprefix("./")
    if found is None:
        raise UsageError(f"{path} is not in this repository", hint="a path from its root, or from here")
    return "" if found == Path() else found.as_posix()


def _changed(repo: Repository) -> list[str]:
    """Files that differ from HEAD, staged or not. None in a bare repository, or before the first commit."""
    if repo.work_tree is None:
        return []
    where = (f"--git-dir={repo.git_dir}", f"--work-tree={repo.work_tree}")
    out = repo.git(*where, "diff", "--name-only", "--no-ext-diff", "-z", "HEAD", "--", ok=(0, 128))
    return [os.fsdecode(path) for path in out.split(b"\0") if path]
