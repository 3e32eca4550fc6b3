"""What an item's files were called, and are called now.

Pure. A renamed file keeps its older names: a name may come back (a file that was split, a move undone), and a side
branch may still change the file under the name that it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item


class Names:
    """Of one item. `moves` are the (path, cited as) that `rename` added."""

    def __init__(self, links: Iterable[tuple[str, str]]) -> None:
        self._names: dict[str, list[str]] = {}
        """Cited as, to all names; the latest that is known is last."""
        for path, cited_as in links:
            names = self._names.setdefault(cited_as, [cited_as])
            if path not in names:
                names.append(path)
        self.moves: set[tuple[str, str]] = set()

    def __iter__(self) -> Iterator[str]:
        return (name for names in self._names.values() for name in names)

    def of(self, path: str) -> tuple[str, ...]:
        """Every name of the files that have this one, the latest first."""
        found = dict.fromkeys(name for names in self._names.values() if path in names for name in reversed(names))
        return tuple(found) or (path,)

    def rename(self, digest: CommitDigest) -> None:
        for change in digest.files:
            if change.status != "R" or change.old_path is None:
                continue
            for cited_as, names in self._names.items():
                if change.old_path in names:
                    if change.path in names:
                        names.remove(change.path)
                    else:
                        self.moves.add((change.path, cited_as))
                    names.append(change.path)

    def as_now(self, item: Item) -> Item:
        """The item with its files by their latest names."""
        evidence = (
            found if found.path is None else replace(found, path=self.latest(found.path)) for found in item.evidence
        )
        return replace(item, files=tuple(map(self.latest, item.files)), evidence=tuple(evidence))

    def translated(self, digest: CommitDigest) -> CommitDigest:
        """The commit with files by their latest names, whatever name they had in it."""
        latest = {name: names[-1] for names in self._names.values() for name in names}
        files = (
            replace(
                change, path=latest.get(change.path, change.path),
                old_path=change.old_path and latest.get(change.old_path, change.old_path),
            )
            if change.path in latest or change.old_path in latest
            else change
            for change in digest.files
        )  # fmt: skip
        return replace(digest, files=tuple(files))

    def latest(self, cited_as: str) -> str:
        return self._names.get(cited_as, [cited_as])[-1]
