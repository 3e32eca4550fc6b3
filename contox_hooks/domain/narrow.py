"""What was kept under wider settings, as far as today's allow it to be handed on: `exclude` and `diffs` hold for what
is sent now, whenever it was captured.

Pure. Must not know who it is handed to. Invariant: never more than before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

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
        kept = tuple(file for file in digest.files if not self.is_out(file.path, file.old_path))
        diff = digest.diff
        if diff and not self.diffs:
            digest, diff = replace(digest, diff_missing="off"), ""
        elif diff and self.exclusions:
            diff = self._diff(diff, is_whole=len(kept) == len(digest.files))
            if not diff:
                digest = replace(digest, diff_missing="excluded")
        gone = len(digest.files) - len(kept)
        if not gone and diff == digest.diff:
            return digest
        is_counted = gone and any(file.insertions is not None for file in digest.files)
        return replace(
            digest,
            files=kept,
            diff=diff,
            excluded_files=digest.excluded_files + gone,
            insertions=sum(file.insertions or 0 for file in kept) if is_counted else digest.insertions,
            deletions=sum(file.deletions or 0 for file in kept) if is_counted else digest.deletions,
        )

    def _diff(self, diff: str, *, is_whole: bool) -> str:
        """`is_whole`: none of the commit's files is out, so that what names no file is of one that is not."""
        parts = list(_parts(diff))
        if not parts:
            return diff if is_whole else ""
        kept = [text for names, text in parts if names and not self.is_out(*names)]
        return diff if len(kept) == len(parts) else "".join(kept)

    def item(self, item: Item) -> Item | None:
        """None where it is about an excluded file. Without `diffs` its title alone, unless messages alone bear it."""
        quoted = [found.path for found in item.evidence if found.path is not None]
        if self.exclusions and self.is_out(*item.files, *quoted):
            return None
        if self.diffs or (item.evidence and not quoted):
            return item
        return replace(item, facts="", rationale=None, impact=None)

    def is_out(self, *paths: str | None) -> bool:
        """Any of them is excluded."""
        return any(path is not None and self.exclusions.matches(path) for path in paths)


EVERYTHING: Final = Narrow()


@lru_cache(maxsize=256)
def narrow_of(settings: Settings) -> Narrow:
    return Narrow(Exclusions(settings.exclude), settings.diffs)


_GIT_FILE: Final = re.compile(r"^diff --(?:git|cc) ", re.MULTILINE)
_GIT_NAME: Final = re.compile(r'^(?:--- "?a/|\+\+\+ "?b/|(?:rename|copy) (?:from|to) "?)(.*?)"?\t?$', re.MULTILINE)


def _parts(diff: str) -> Iterator[tuple[set[str], str]]:
    """The names and the text of each file: of a spent diff (domain/diff.py), and of one as git prints it. No names: the
    diff ends before they do."""
    starts = [match.start() for match in _GIT_FILE.finditer(diff)]
    if not starts:
        for path, text in spent_files(diff):
            yield {path, _source(text) or path}, text
    for start, end in pairwise([*starts, len(diff)] if starts else []):
        text = diff[start:end]
        head = text.partition("\n@@")[0]
        names = {_unquoted(name) for name in _GIT_NAME.findall(head)}
        yield names or _names_of_both(head.partition("\n")[0].removeprefix("diff --git ")), text


def _names_of_both(line: str) -> set[str]:
    """Of `a/NAME b/NAME`; no name where they differ: then further lines say them."""
    half = len(line) // 2
    old, new = line[:half].strip('"'), line[half + 1 :].strip('"')
    return {_unquoted(old[2:])} if old[2:] and old[2:] == new[2:] else set()


def _unquoted(name: str) -> str:
    """git writes bytes beyond ASCII as `\\303\\244`."""
    if "\\" not in name:
        return name
    return name.encode().decode("unicode_escape", "replace").encode("latin-1", "replace").decode("utf-8", "replace")


def _source(text: str) -> str | None:
    """The old name in a file's part of a diff."""
    name = text.partition("\n")[0].removeprefix("--- ")
    return None if name == "/dev/null" else name[2:]
