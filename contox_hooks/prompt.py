"""`contox-hooks prompt`: the status segment of the repository here, from one small file, without running git.

Its own front door (`__main__`) goes past everything else: must import nothing but what a bare Python has loaded and
domain/segment.py. docs/prompt.sh reads the same file with shell builtins. Whatever is missing or odd shows nothing.
"""

from __future__ import annotations

import os
import sys
import time

from contox_hooks.domain.segment import segment_of, segment_text

_MAX_BYTES = 8192
"""More than a segment, or a path that a system takes (4,096)."""


def show() -> None:
    """One line, or nothing at all: also where stdout is closed, full or read by nobody."""
    text = text_here()
    if not text or sys.stdout is None:
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python tries once more on its way out, and would tell


def text_here() -> str:
    try:
        git_dir = os.environ.get("GIT_DIR") or _git_dir(os.getcwd())  # noqa: PTH109
        if git_dir is None:
            return ""
        segment = segment_of(_line(os.path.join(_common_dir(git_dir), "contox", "segment")))  # noqa: PTH118
        return "" if segment is None else segment_text(segment, int(time.time()))
    except (OSError, ValueError):
        return ""


def _git_dir(folder: str) -> str | None:
    """The nearest `.git` upwards: a folder, or a file that names one (linked worktree, submodule)."""
    while True:
        path = folder + "/.git" if folder != "/" else "/.git"
        if os.path.isdir(path):  # noqa: PTH112
            return path
        if os.path.isfile(path):  # noqa: PTH113
            line = _line(path)
            return os.path.join(folder, line[8:]) if line.startswith("gitdir: ") else None  # noqa: PTH118
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return None
        folder = parent


def _common_dir(git_dir: str) -> str:
    """A linked worktree's git directory names the one that all worktrees share."""
    try:
        return os.path.join(git_dir, _line(os.path.join(git_dir, "commondir")))  # noqa: PTH118
    except FileNotFoundError:
        return git_dir


def _line(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123
        return os.fsdecode(file.readline(_MAX_BYTES)).rstrip("\r\n")
