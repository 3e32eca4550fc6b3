"""Whether a commit can matter to an item, from its digest alone: most cannot, and no file is read for them.

Pure. Invariant: says no only where the digest shows all of what the commit did to the files in question.
"""

from __future__ import annotations

from collections.abc import Collection, KeysView, Mapping

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.pipeline.drift import stands
from contox_hooks.pipeline.patch import file_patches

Citations = Mapping[str, tuple[Collection[str], Collection[str]]]
"""Path to lines (white space folded), and the names of the file that they stand in; no lines for a file as a whole."""


class Sieve:
    """Of one change."""

    def __init__(self, digest: CommitDigest) -> None:
        self._digest = digest
        self._changes: dict[str, FileChange] = {}
        self.renamed = {change.old_path for change in digest.files if change.status == "R"}
        """Names that files had before it."""
        for change in digest.files:
            for path in (change.path, change.old_path):
                if path is not None:
                    self._changes[path] = change
        self._shown: dict[str, tuple[str, int]] | None = None
        """Path to its changed lines, and how many they are."""

    @property
    def paths(self) -> KeysView[str]:
        """That the commit names, before and after."""
        return self._changes.keys()

    def leaves_in_place(self, names: Collection[str]) -> bool:
        """Whether it neither makes, deletes nor renames a file of one of these names."""
        return all(change.status == "M" for name in names if (change := self._changes.get(name)) is not None)

    def lets_through(self, cited: Citations, *, is_standing: bool = True) -> bool:
        """`is_standing`: whether the commit could take something away, else whether it could give it back."""
        return any(self._matters(lines, names, is_standing) for lines, names in cited.values())

    def _matters(self, lines: Collection[str], names: Collection[str], is_standing: bool) -> bool:
        for name in names:
            change = self._changes.get(name)
            if change is None:
                continue
            if change.status != "M" or (lines and len(self._digest.parents) > 1):
                return True
            if lines and not self._leaves(change, lines, is_standing):
                return True
        return False

    def _leaves(self, change: FileChange, lines: Collection[str], is_standing: bool) -> bool:
        """Whether the patch of the file has no line of the kind that counts, or is here as a whole and neither takes
        nor gives any of the lines."""
        if change.insertions is None or change.deletions is None:
            return False
        if (change.deletions if is_standing else change.insertions) == 0:
            return True
        if self._digest.redactions:
            return False
        if self._shown is None:
            self._shown = _shown(self._digest)
        text, count = self._shown.get(change.path, ("", 0))
        if count != change.insertions + change.deletions:
            return False
        return not any(stands(line, text) for line in lines)


def _shown(digest: CommitDigest) -> dict[str, tuple[str, int]]:
    shown = {}
    for patch in file_patches(digest.diff, max_line=None):
        changed = [line.text for line in patch.lines if line.mark in "+-"]
        shown[patch.path] = "\n".join(changed), len(changed)
    return shown
