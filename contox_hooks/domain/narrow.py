"""What was kept under wider settings, as far as today's allow it to be handed on: `exclude` and `diffs` hold for what
is sent now, whenever it was captured.

Pure. Must not know who it is handed to. Invariant: never more than before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from contox_hooks.domain.diff import spent_files
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.setting import Settings


@dataclass(frozen=True, slots=True)
class Narrow:
    exclusions: Exclusions = field(default_factory=Exclusions)
    diffs: bool = True

    def digest(self, digest: CommitDigest) -> CommitDigest:
        """Without excluded files; they are counted. Without a diff where none may be kept."""
        kept = tuple(file for file in digest.files if not self._is_out(file.path, file.old_path))
        diff = digest.diff
        if diff and not self.diffs:
            digest, diff = replace(digest, diff_missing="off"), ""
        elif diff and self.exclusions:
            diff = "".join(text for path, text in spent_files(diff) if not self._is_out(path, _source(text)))
            if not diff:
                digest = replace(digest, diff_missing="excluded")
        gone = len(digest.files) - len(kept)
        if not gone and diff == digest.diff:
            return digest
        return replace(
            digest,
            files=kept,
            diff=diff,
            excluded_files=digest.excluded_files + gone,
            insertions=sum(file.insertions or 0 for file in kept) if gone else digest.insertions,
            deletions=sum(file.deletions or 0 for file in kept) if gone else digest.deletions,
        )

    def item(self, item: Item) -> Item | None:
        """None where it is about an excluded file. Without `diffs` its title alone, unless messages alone bear it."""
        quoted = [found.path for found in item.evidence if found.path is not None]
        if self.exclusions and self._is_out(*item.files, *quoted):
            return None
        if self.diffs or (item.evidence and not quoted):
            return item
        return replace(item, facts="", rationale=None, impact=None)

    def _is_out(self, *paths: str | None) -> bool:
        return any(path is not None and self.exclusions.matches(path) for path in paths)


def narrow_of(settings: Settings) -> Narrow:
    return Narrow(Exclusions(settings.exclude), settings.diffs)


def _source(text: str) -> str | None:
    """The old name in a file's part of a diff."""
    name = text.partition("\n")[0].removeprefix("--- ")
    return None if name == "/dev/null" else name[2:]
