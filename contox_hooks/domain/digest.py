"""What one commit did, small enough to keep: the value that everything later cites.

Owns the shape and its JSON form. Must not know git, storage or redaction. Invariant: every limit is visible,
totals always count all files even when the list or the diff was cut (DESIGN.md, "Digest of a commit").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

CommitKind = Literal["commit", "merge", "amend", "cherry-pick", "revert", "rebase", "am"]
FileStatus = Literal["A", "M", "D", "R", "C", "T", "U"]
Origin = Literal["created", "history"]
"""`created`: made here, seen as it happened. `history`: read back by `init` or `backfill`, may be anybody's."""

MAX_FILES_LISTED = 500
"""Files listed in a digest; the vendor's server stores as many a session (CONTRACT.md section 3)."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    at_utc: int
    """Seconds since the epoch."""
    offset_min: int = 0
    """Minutes east of UTC where it was written."""


@dataclass(frozen=True, slots=True)
class FileChange:
    path: str
    status: FileStatus
    insertions: int | None = None
    """None where git counts no lines: binary files, submodules' content, files over the size bound."""
    deletions: int | None = None
    old_path: str | None = None
    """Source of a rename or copy."""
    binary: bool = False
    old_mode: str = "100644"
    new_mode: str = "100644"


@dataclass(frozen=True, slots=True)
class CommitDigest:
    sha: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    subject: str
    body: str
    """The message after its subject, white space trimmed at both ends."""
    files: tuple[FileChange, ...] = ()
    """At most MAX_FILES_LISTED, in git's order. Excluded files are not among them."""
    files_total: int = 0
    insertions: int = 0
    deletions: int = 0
    diff: str = ""
    """Within the budget; each cut is marked in the text."""
    diff_cut: bool = False
    diff_missing: str = ""
    """Why there is no diff although something changed: "off", "excluded", "not-present" (partial clone),
    "withheld" (redactor failed)."""
    excluded_files: int = 0
    redactions: int = 0
    kind: CommitKind = "commit"
    branch: str | None = None
    origin: Origin = "created"

    @property
    def files_cut(self) -> int:
        """Files that are counted but not listed (excluded ones are apart)."""
        return max(0, self.files_total - self.excluded_files - len(self.files))

    @property
    def changed_lines(self) -> int:
        return self.insertions + self.deletions

    @property
    def message(self) -> str:
        return f"{self.subject}\n\n{self.body}" if self.body else self.subject

    def with_context(self, *, kind: CommitKind | None, branch: str | None, origin: Origin) -> CommitDigest:
        return replace(self, kind=kind or self.kind, branch=branch, origin=origin)

    def to_payload(self) -> dict[str, Any]:
        """A JSON object; `from_payload` gives the same digest back."""
        payload = _fields(self)
        for name in ("author", "committer"):
            payload[name] = _fields(payload[name])
        payload["files"] = tuple(_fields(file) for file in self.files)
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> CommitDigest:
        fields = dict(payload)
        fields["parents"] = tuple(fields["parents"])
        fields["author"] = Person(**fields["author"])
        fields["committer"] = Person(**fields["committer"])
        fields["files"] = tuple(FileChange(**file) for file in fields.get("files", ()))
        return cls(**{name: value for name, value in fields.items() if name in cls.__slots__})


def _fields(value: Any) -> dict[str, Any]:
    """`dataclasses.asdict` copies deeply what cannot change, at thirty times the price."""
    return {name: getattr(value, name) for name in value.__slots__}
