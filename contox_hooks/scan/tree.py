"""A scanned tree as the rules see it: what each file says, by topic and by place.

Pure. Must not know where the rows come from. Invariant: files in the order of their paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contox_hooks.scan.choice import Role
from contox_hooks.scan.fact import Fact
from contox_hooks.scan.said import Said


@dataclass(frozen=True, slots=True)
class ReadFile:
    path: str
    blob_id: str
    role: Role
    rows: Sequence[Said]

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    def all(self, *topics: str) -> Iterator[Said]:
        return (row for row in self.rows if row.topic in topics)

    def first(self, topic: str) -> Said | None:
        return next(self.all(topic), None)

    def fact(self, row: Said, *, says: str = "", group: str = "") -> Fact:
        return Fact(says or row.says, row.quote, self.path, row.line, self.blob_id, group)


@dataclass(frozen=True, slots=True)
class ReadTree:
    files: Mapping[str, ReadFile]
    sources: Sequence[str]
    """The project's own code, also what is of no language that is read."""
    tests: Sequence[str]
    tracked: Sequence[str]

    def of_role(self, *roles: Role) -> Iterator[ReadFile]:
        return (file for file in self.files.values() if file.role in roles)

    def at(self, paths: Iterable[str]) -> list[ReadFile]:
        return [self.files[path] for path in paths if path in self.files]


def path_fact(path: str, *, says: str = "", group: str = "") -> Fact:
    """What the tree shows by having the path."""
    return Fact(says or path, path, path, group=group)


def about(count: int) -> str:
    """Rounded, so that the next file changes nothing that was said: 7, 40, 300."""
    if count < 10:
        return str(count)
    size = 10 ** (len(str(count)) - 1)
    return f"about {round(count / size) * size:,}"
