"""The diff text of a digest, taken apart into files and marked lines.

The way back from `domain.diff.spend_budget`; must not know what the lines mean. Invariant: tolerant, never raising: a
diff is cut to a budget, so a file may stop anywhere, and the marks of what is missing stand between its hunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from contox_hooks.domain.diff import spent_files

MAX_LINE = 400
"""Characters of a line that are looked at: keeps patterns cheap on minified files."""


@dataclass(frozen=True, slots=True)
class Line:
    mark: Literal["+", "-", " ", "@"]
    """`@`: a hunk starts; the text is git's section heading, which may be empty."""
    text: str


@dataclass(slots=True)
class FilePatch:
    path: str
    """The new name; the old one of a deleted file."""
    lines: list[Line] = field(default_factory=list)

    def marked(self, mark: str) -> Iterator[str]:
        return (line.text for line in self.lines if line.mark == mark)

    @property
    def added(self) -> list[str]:
        return list(self.marked("+"))

    @property
    def removed(self) -> list[str]:
        return list(self.marked("-"))


def file_patches(diff: str, *, max_line: int | None = MAX_LINE) -> list[FilePatch]:
    """The files of a digest's diff, in order; those without hunks (binary, mode only) are not in it."""
    return [FilePatch(path, list(_lines(text, max_line))) for path, text in spent_files(diff)]


def _lines(text: str, max_line: int | None) -> Iterator[Line]:
    columns = 1  # a merge's combined diff has one column of marks a parent
    for line in text.split("\n")[2:]:
        if line.startswith("@@"):
            ats = len(line) - len(line.lstrip("@"))
            columns = ats - 1
            yield Line("@", line[ats:].partition("@" * ats)[2][:max_line].removeprefix(" "))
            continue
        marks, rest = line[:columns], line[columns:][:max_line].rstrip("\r")
        if not marks or marks.strip("+- "):
            continue
        if "+" in marks:
            yield Line("+", rest)
        elif "-" in marks:
            yield Line("-", rest)
        else:
            yield Line(" ", rest)
