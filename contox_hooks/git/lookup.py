"""One question at a time about files as they were at a commit; the processes behind it live as long as the object.

Invariant: None means that the commit has no such file; what cannot be known (objects gone or never fetched, a file
over the bound) raises GitFailed instead, so that nobody takes it for deleted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from contox_hooks.git.ancestry import Ancestry
from contox_hooks.git.blob import read_blobs, read_folders
from contox_hooks.git.patch import Patch, read_patches
from contox_hooks.git.reach import unheld
from contox_hooks.git.repository import from_git_dir
from contox_hooks.git.run import GitFailed

MAX_BYTES = 8 * 1024 * 1024
"""A larger file is no source that anyone would quote."""
KEPT_BYTES = 32 * 1024 * 1024
"""Of answers, the latest asked for: every stage of every session asks for the files of the same items again."""
_ENTRY_BYTES = 300


class Blobs:
    """Callable as `(commit, path) -> bytes | None`, answered by the first of the clones that can; git starts with the
    first question."""

    def __init__(self, *common_dirs: Path) -> None:
        self._clones = [_Clone(common_dir) for common_dir in common_dirs]
        self._kept: OrderedDict[tuple[str, str], bytes | None] = OrderedDict()
        self._kept_bytes = 0

    def __call__(self, sha: str, path: str) -> bytes | None:
        if (sha, path) in self._kept:
            self._kept.move_to_end((sha, path))
            return self._kept[sha, path]
        content = self._read(sha, path)
        self._keep(sha, path, content)
        return content

    def _keep(self, sha: str, path: str, content: bytes | None) -> None:
        self._kept[sha, path] = content
        self._kept_bytes += _ENTRY_BYTES + len(content or b"")
        while self._kept_bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= _ENTRY_BYTES + len(oldest or b"")

    def _read(self, sha: str, path: str) -> bytes | None:
        failure = GitFailed(("cat-file", "blob", f"{sha}:{path}"), 0, "no clone is here")
        for clone in self._clones:
            try:
                return clone.content(sha, path)
            except GitFailed as error:
                failure = error
        raise failure

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether the history of `newer` holds `older`, itself included; None when no clone has both."""
        answers = (clone.ancestry.is_ancestor(older, newer) for clone in self._clones)
        return next((answer for answer in answers if answer is not None), None)

    def patch(self, sha: str) -> Patch | None:
        """What a commit changed; None for merges and empty commits, and when no clone can say."""
        return next((patch for clone in self._clones if (patch := clone.patch(sha)) is not None), None)

    def unheld(self, shas: Collection[str]) -> set[str]:
        """Those of these commits that are on a clone here, and that no ref of any of them reaches."""
        return unheld([clone.repo for clone in self._clones], shas)

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
        self.ancestry = Ancestry(self.repo)
        self._question = ("", "")
        self._answers = read_blobs(self.repo, self._questions(), max_bytes=MAX_BYTES)
        self._folder = ("", "")
        self._folders = read_folders(self.repo, self._folder_questions(), max_bytes=MAX_BYTES)
        self._listed: tuple[tuple[str, str], dict[bytes, bytes] | None] = (("", ""), None)
        """The folder that was asked for last."""
        self._patch_of = ""
        self._patches = read_patches(self.repo, self._patch_questions())

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

    def patch(self, sha: str) -> Patch | None:
        self._patch_of = sha
        return next(self._patches)

    def _patch_questions(self) -> Iterator[str]:
        while True:
            yield self._patch_of

    def _folder_questions(self) -> Iterator[tuple[str, str]]:
        while True:
            yield self._folder

    def _is_listed(self, sha: str, path: str) -> bool:
        """Whether the commit's tree has a file there. Raises GitFailed when the commit or its tree is not here."""
        mode = self._mode(sha, path)
        return mode is not None and mode.startswith((b"100", b"120"))

    def _mode(self, sha: str, path: str) -> bytes | None:
        """git's, of a file or folder; None when it is not in the tree."""
        if "\n" in path:
            listed = self.repo.git("ls-tree", "-z", sha, "--", f":(literal){path}")
            return listed.partition(b" ")[0] or None
        folder, _, name = path.rpartition("/")
        if self._listed[0] != (sha, folder):
            self._folder = (sha, folder)
            self._listed = self._folder, next(self._folders)
        names = self._listed[1]
        if names is not None:
            return names.get(name.encode("utf-8", "surrogateescape"))
        if not folder or self._mode(sha, folder) == b"40000":
            raise GitFailed(("cat-file", "tree", f"{sha}:{folder}"), 0, "it is not here")
        return None

    def close(self) -> None:
        self._answers.close()  # type: ignore[attr-defined]  # read_blobs is a generator
        self._folders.close()  # type: ignore[attr-defined]
        self._patches.close()  # type: ignore[attr-defined]
