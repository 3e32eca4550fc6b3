"""What git's history says of files without any diff: who touched what, when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Touch:
    """One commit that is no merge, and the paths that it changed; excluded ones are not among them."""

    sha: str
    at_utc: int
    """Seconds since the epoch, the committer's clock."""
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportLine:
    path: str
    text: str
    """One line of the file, as it is."""
