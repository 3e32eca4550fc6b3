"""What a merge changed against its first parent: statuses and modes, which the stream's combined form does not have.

One `git diff-tree --stdin` for all merges of a run, started at the first one. It compares trees, not contents, except
where a rename is not exact. When it fails, names and counts of the stream itself must do.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack

from contox_hooks.git.history_digest import Header
from contox_hooks.git.history_format import CONFIG, DIFF_OPTIONS
from contox_hooks.git.history_stream import MAX_CHANGES_KEPT, Changes, HistoryStream, RawChange
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import stream


class FirstParent:
    def __init__(self, repo: Repository, where: tuple[str, ...]) -> None:
        self._repo = repo
        self._where = where
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._cursor: HistoryStream | None = None
        self._mark = f"#{os.urandom(16).hex()}#\n"

    def completed(self, header: Header, changes: Changes) -> Changes:
        """The merge's changes with an entry for each file that its counts name."""
        changes.kept = self._entries(header.sha, header.parents[0]) or _from_counts(changes)
        changes.beyond = max(0, changes.counted - len(changes.kept))
        return changes

    def close(self) -> None:
        self._stack.close()

    def _entries(self, sha: str, parent: str) -> list[RawChange]:
        if self._process is None:
            self._process = self._stack.enter_context(
                stream(
                    self._repo.common_dir, *self._where, "diff-tree", "--stdin", "--no-commit-id", "--raw",
                    *DIFF_OPTIONS, config=CONFIG, stdin=subprocess.PIPE,
                )
            )  # fmt: skip
            assert self._process.stdout is not None
            descriptor = self._process.stdout.fileno()
            self._cursor = HistoryStream(lambda: os.read(descriptor, 65_536), self._mark.encode(), lambda path: False)
        assert self._process.stdin is not None
        assert self._cursor is not None
        try:
            # A commit followed by others is compared with those; a line that is none comes back as it is, flushed.
            self._process.stdin.write(f"{sha} {parent}\n{self._mark}".encode())
            self._process.stdin.flush()
        except OSError:
            return []
        kept = self._cursor.changes().kept
        return kept if self._cursor.next_commit() else []


def _from_counts(changes: Changes) -> list[RawChange]:
    return [
        RawChange(path, "R" if path in changes.old_paths else "M", changes.old_paths.get(path))
        for path in list(changes.counts)[:MAX_CHANGES_KEPT]
    ]
