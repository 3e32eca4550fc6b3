"""One question at a time about files as they were at a commit; the processes behind it live as long as the object.

Invariant: None means that the commit has no such file; what cannot be known (objects gone or never fetched, a file
over the bound) raises GitFailed instead, so that nobody takes it for deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from contox_hooks.git.blob import read_blobs
from contox_hooks.git.repository import from_git_dir
from contox_hooks.git.run import GitFailed

MAX_BYTES = 8 * 1024 * 1024
"""A larger file is no source that anyone would quote."""


class Blobs:
    """Callable as `(commit, path) -> bytes | None`, answered by the first of the clones that can; git starts with the
    first question."""

    def __init__(self, *common_dirs: Path) -> None:
        self._clones = [_Clone(common_dir) for common_dir in common_dirs]

    def __call__(self, sha: str, path: str) -> bytes | None:
        failure = GitFailed(("cat-file", "blob", f"{sha}:{path}"), 0, "no clone is here")
        for clone in self._clones:
            try:
                return clone.content(sha, path)
            except GitFailed as error:
                failure = error
        raise failure

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether the history of `newer` holds `older`, itself included; None when no clone has both."""
        for clone in self._clones:
            try:
                clone.repo.git("merge-base", "--is-ancestor", older, newer)
                return True
            except GitFailed as error:
                if error.returncode == 1:
                    return False
        return None

    def close(self) -> None:
        with ExitStack() as closing:
            for clone in self._clones:
                closing.callback(clone.close)

    def __enter__(self) -> Blobs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Clone:
    def __init__(self, common_dir: Path) -> None:
        self.repo = from_git_dir(common_dir)
        self._question = ("", "")
        self._answers = read_blobs(self.repo, self._questions(), max_bytes=MAX_BYTES)

    def content(self, sha: str, path: str) -> bytes | None:
        self._question = (sha, path)
        blob = next(self._answers)
        if blob.content is None and (blob.is_too_large or self._is_listed(sha, path)):
            why = f"more than {MAX_BYTES} bytes" if blob.is_too_large else "its content is not here"
            raise GitFailed(("cat-file", "blob", f"{sha}:{path}"), 0, why)
        return blob.content

    def _questions(self) -> Iterator[tuple[str, str]]:
        while True:
            yield self._question

    def _is_listed(self, sha: str, path: str) -> bool:
        """Whether the commit's tree has a file there. Raises GitFailed when the commit or its tree is not here."""
        return self.repo.git("ls-tree", "-z", sha, "--", f":(literal){path}").startswith((b"100", b"120"))

    def close(self) -> None:
        self._answers.close()  # type: ignore[attr-defined]  # read_blobs is a generator
