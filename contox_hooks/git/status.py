"""What `git status` says of a work tree: what is changed, untracked, in conflict, and which submodules have what.

Where git cannot say it, because it cannot read a file, names alone. Invariants: nothing of an excluded file gets
through but that it is changed; lists are bounded and counted, every text redacted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from contox_hooks.domain.redaction import redact
from contox_hooks.domain.since import Conflict, Submodule
from contox_hooks.git.history_digest import is_excluded
from contox_hooks.git.history_format import decoded_path
from contox_hooks.git.history_stream import RawChange
from contox_hooks.git.look import Look, entries

MAX_NAMES: Final = 50
"""Of untracked files, and of those in conflict (CONTRACT.md section 3, "Other numbers")."""

_SUBMODULE: Final = ("new commits", "modified content", "untracked content")
_CONFLICT: Final = {
    "DD": "both deleted", "AU": "added by us", "UD": "deleted by them", "UA": "added by them", "DU": "deleted by us",
    "AA": "both added", "UU": "both modified",
}  # fmt: skip
"""git status' own words for them."""


@dataclass(slots=True)
class Status:
    changed: set[bytes] = field(default_factory=set)
    """Paths whose file in the work tree differs from the index."""
    untracked: list[str] = field(default_factory=list)
    untracked_total: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    conflicts_total: int = 0
    submodules: list[Submodule] = field(default_factory=list)

    def add_untracked(self, path: bytes) -> None:
        self.untracked_total += 1
        if len(self.untracked) < MAX_NAMES:
            self.untracked.append(_name(path))

    def add_conflict(self, path: bytes, how: str) -> None:
        self.conflicts_total += 1
        if len(self.conflicts) < MAX_NAMES:
            self.conflicts.append(Conflict(_name(path), how))


def status_of(look: Look) -> Status:
    """Raises GitFailed when git cannot read the index, or a file that it has to compare."""
    found = Status()
    asked = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames")
    for entry in entries(look, *asked):
        kind = entry[:1]
        if kind not in (b"1", b"u", b"?"):
            continue
        # Fields are separated by single spaces; the path is the last one and may hold spaces itself.
        fields = entry.split(b" ", {b"1": 8, b"u": 10, b"?": 1}[kind])
        path = fields[-1]
        if kind == b"1" and fields[1][1:2] != b".":
            found.changed.add(path)
        if is_excluded(path, look.exclusions):
            continue
        if kind == b"?":
            found.add_untracked(path)
        elif kind == b"u":
            how = fields[1].decode()
            found.add_conflict(path, _CONFLICT.get(how, how))
        else:
            marks = fields[2].decode()[1:]
            what = tuple(word for mark, word in zip(marks, _SUBMODULE, strict=True) if mark != ".")
            if what and len(found.submodules) < MAX_NAMES:
                found.submodules.append(Submodule(_name(path), what))
    return found


def status_by_name(look: Look, changes: Iterable[RawChange]) -> Status:
    """The same without any file's content. `changes`: those that the files' sizes and times tell. Raises GitFailed."""
    found = Status()
    for change in changes:
        if change.status != "U":
            found.changed.add(change.path)
        elif not is_excluded(change.path, look.exclusions):
            found.add_conflict(change.path, "unmerged")
    for path in entries(look, "ls-files", "-z", "--others", "--exclude-standard"):
        if path and not is_excluded(path, look.exclusions):
            found.add_untracked(path)
    return found


def _name(path: bytes) -> str:
    return redact(decoded_path(path)).text
