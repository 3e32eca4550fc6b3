"""What a move of a branch changed: a pull, a reset. Reads only; never fetches.

Must not know what hangs on the files. Invariant: what git cannot say here (objects gone, never fetched) raises
GitFailed; no answer is taken from a diff that was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from contox_hooks.domain.digest import FileChange, FileStatus
from contox_hooks.git.repository import Repository

MAX_FILES = 20_000
"""Files of one move that are looked at; who asks tells how many more there are."""
_STATUS: dict[str, FileStatus] = {"A": "A", "D": "D", "R": "R", "T": "T"}


def changes_between(repo: Repository, old: str | None, new: str) -> tuple[tuple[FileChange, ...], int]:
    """Files that differ between two commits (None: before the first), renames found, at most MAX_FILES; and how many
    there are. Line counts are not asked for."""
    old = old or repo.text("hash-object", "-t", "tree", "--stdin")  # the empty tree, in the repository's own hash
    fields = repo.git("diff-tree", "-r", "-M", "-z", "--name-status", old, new).decode("utf-8", "surrogateescape")
    changes = tuple(_changes(iter(fields.split("\0"))))
    return changes[:MAX_FILES], len(changes)


def _changes(fields: Iterator[str]) -> Iterator[FileChange]:
    for status in fields:
        if status:
            old_path = next(fields) if status[0] == "R" else None
            yield FileChange(next(fields), _STATUS.get(status[0], "M"), old_path=old_path)


def last_with_count_of(repo: Repository, line: str, path: str, old: str, new: str) -> str | None:
    """The newest commit that `new` has and `old` has not and that took the text from the file, or put it there."""
    out = repo.text("log", "--max-count=1", "--format=%H", "--no-ext-diff", "--no-textconv", f"-S{line}",
                    f"{old}..{new}", "--", f":(top,literal){path}")  # fmt: skip
    return out or None


def is_on_a_branch(repo: Repository, sha: str) -> bool:
    return bool(repo.text("for-each-ref", "--count=1", f"--contains={sha}", "--format=%(refname)", "refs/heads"))
