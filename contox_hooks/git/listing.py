"""What a commit's tree holds, file by file, with the ids of their contents. Reads no content and no work tree.

Must not know what it is read for. Invariant: every entry of the tree is there, also links and submodules.
"""

from __future__ import annotations

from typing import NamedTuple

from contox_hooks.git.history_format import decoded_path
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import run


class Entry(NamedTuple):
    path: str
    blob_id: str
    is_file: bool
    """False for a symbolic link and a submodule."""


class Head(NamedTuple):
    sha: str
    at_utc: int
    """The committer's clock, seconds since the epoch."""


def head(repo: Repository) -> Head | None:
    """None before the first commit."""
    out = run(
        repo.git_dir, "log", "-1", "--no-show-signature", "--no-color", "--format=%H %ct", "HEAD", "--", ok=(0, 128)
    )
    words = out.decode().split()
    return Head(words[0], int(words[1])) if len(words) == 2 else None


def entries(repo: Repository, commit: str) -> list[Entry]:
    """In git's order."""
    out = run(repo.git_dir, "ls-tree", "-r", "-z", "--full-tree", commit)
    found = []
    for row in out.split(b"\0"):
        about, tab, name = row.partition(b"\t")
        if tab:
            mode, kind, blob_id = about.decode().split()
            found.append(Entry(decoded_path(name), blob_id, kind == "blob" and mode != "120000"))
    return found
