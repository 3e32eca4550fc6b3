"""Whether what a commit did stands on the branch that is worked on, although nothing reaches the commit itself.

A forge that squashes or rebases what it merges leaves the branch's own commits to nobody; their lines are on main.
Must not know statuses. Invariant: what cannot be read here does not stand.
"""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.git.patch import Patch, line_of
from contox_hooks.git.run import GitFailed
from contox_hooks.pipeline.drift import stands
from contox_hooks.pipeline.lineage import SQUASHED_SHARE
from contox_hooks.pipeline.quote import cited_lines
from contox_hooks.pipeline.work import BlobReader

TIPS = (
    "HEAD", "refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master",
    "refs/remotes/origin/main", "refs/remotes/origin/master",
)  # fmt: skip
"""Where merged work ends up: what is checked out, and the names that forges give the default branch."""


class Tips:
    def __init__(self, blobs: BlobReader) -> None:
        self._blobs = blobs
        self._texts: dict[tuple[str, str], str | None] = {}

    def hold(self, item: Item, did: Iterable[tuple[CommitDigest | None, Patch | None]]) -> bool:
        """Whether one of the tips has all lines that the item cites, or nearly all that its commits did. `did` is only
        read for the second question."""
        cited = [(entry.path, line) for entry in item.evidence if entry.path for line in cited_lines(entry.quote)]
        if cited and any(all(stands(line, self._text(tip, path) or "") for path, line in cited) for tip in TIPS):
            return True
        commits = list(did)
        return bool(commits) and any(all(self._has(tip, *commit) for commit in commits) for tip in TIPS)

    def have(self, digest: CommitDigest, patch: Patch | None) -> bool:
        """Whether one of the tips has nearly all that a commit did."""
        return any(self._has(tip, digest, patch) for tip in TIPS)

    def _has(self, tip: str, digest: CommitDigest | None, patch: Patch | None) -> bool:
        if digest is None or digest.files_cut or patch is None or not patch.added | patch.removed:
            return False
        there: set[int] = set()
        for path in {file.path for file in digest.files}:
            text = self._text(tip, path)
            if text is None:
                return False
            there.update(line_of(path, line) for line in text.split("\n"))
        removed = patch.removed - patch.added
        held = len(patch.added & there) + len(removed - there)
        return held >= SQUASHED_SHARE * (len(patch.added) + len(removed))

    def _text(self, tip: str, path: str) -> str | None:
        """Empty when there is no such file, None when it cannot be known: no such branch, or not fetched."""
        if (tip, path) not in self._texts:
            try:
                content = self._blobs(tip, path)
                self._texts[tip, path] = (content or b"").decode("utf-8", "surrogateescape")
            except GitFailed:
                self._texts[tip, path] = None
        return self._texts[tip, path]
