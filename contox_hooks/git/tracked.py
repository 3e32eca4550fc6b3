"""Which of some files git has in its index."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import run


def tracked(repo: Repository, paths: Iterable[str]) -> set[str]:
    """Those of `paths`, relative to the work tree, that a commit would take along. Reads the index alone."""
    wanted = [f":(top,literal){path}" for path in paths]
    if repo.work_tree is None or not wanted:
        return set()
    place = {"GIT_WORK_TREE": str(repo.work_tree)}
    out = run(repo.git_dir, "ls-files", "-z", "--", *wanted, cwd=Path(repo.work_tree), extra=place)
    return {os.fsdecode(name) for name in out.split(b"\0") if name}
