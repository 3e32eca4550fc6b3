"""Our section in a Markdown file, between two comments on lines of their own. Pure.

Invariant: nothing outside the two comments changes, but for a blank line that keeps the section apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contox_hooks.agent.insertion import Insertion, Unparsable, line_at, newline_of

START, END = "<!-- contox-hooks:start -->", "<!-- contox-hooks:end -->"
VENDOR_START = "<!-- contox:start -->"
"""The vendor's extension keeps a section of its own (CONTRACT.md section 8); it is left to it."""

_MARK = re.compile(rf"^\ufeff?[ \t]*({START}|{END})[ \t]*(?=\r?$)", re.MULTILINE)
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    head: str = ""
    """What a file of our own begins with: the tool's front matter."""

    def found(self, text: str) -> str | None:
        """The section with its two comments and plain line ends; None where there is none. Raises Unparsable."""
        span = self._span(text)
        return None if span is None else text[span[0] : span[1]].replace("\r\n", "\n")

    def pieces(self, text: str, section: str) -> list[Insertion]:
        """What puts the section in, for a text that has none. Raises Unparsable."""
        newline = newline_of(text)
        if not text.strip("\ufeff \t\r\n"):
            before = self.head
        else:
            before = newline if text.endswith("\n") else newline * 2
        return [Insertion(len(text), before + section.replace("\n", newline) + newline)]

    def changed(self, text: str, section: str) -> str:
        """The text with another section in the place of the one that stands there."""
        span = self._span(text)
        assert span is not None
        return text[: span[0]] + section.replace("\n", newline_of(text)) + text[span[1] :]

    def without(self, text: str, *, prune: bool) -> str:
        """Without the section, its lines and the blank line before it."""
        del prune
        span = self._span(text)
        if span is None:
            return text
        before, after = text[: span[0]], text[span[1] :]
        after = re.sub(r"\A\r?\n", "", after, count=1)
        return re.sub(r"(\A|\n)\r?\n\Z", r"\1", before, count=1) + after

    def is_bare(self, text: str) -> bool:
        """Whether nothing is left but what a file of our own begins with."""
        return text.replace("\r\n", "\n").strip("\ufeff \t\n") in ("", self.head.strip())

    def _span(self, text: str) -> tuple[int, int] | None:
        conflict = _CONFLICT.search(text)
        if conflict is not None:
            raise Unparsable(line_at(text, conflict.start()), "there are conflict markers of a merge")
        marks = list(_MARK.finditer(text))
        if not marks:
            return None
        if [mark[1] for mark in marks] != [START, END]:
            raise Unparsable(line_at(text, marks[0].start()), f"one {START} and one {END} after it are expected")
        return marks[0].start(1), marks[1].end(1)
