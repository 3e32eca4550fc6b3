"""Text in blocks of braces, for the small languages that need no grammar: comments blanked, lines counted.

Must not know any language. Invariant: one pass over the text, whatever it holds.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from contox_hooks.pipeline.source.outline import Unparsable

MAX_PARTS = 20_000
MAX_DEPTH = 20
_END = re.compile(r"[{};]")


@dataclass(slots=True)
class Block:
    head: str
    """What stands before its brace, folded."""
    first_line: int
    last_line: int
    path: tuple[str, ...]
    """Heads of the blocks around it."""
    body: str
    statements: list[str]
    """What ends with a semicolon inside it, not inside a block of its own; folded."""


def text_of(content: bytes) -> str:
    """Raises Unparsable when it is none."""
    if b"\0" in content:
        raise Unparsable("does not parse (not text)")
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def blanked(text: str, comments: re.Pattern[str]) -> str:
    """Without comments, every other character where it was. The pattern matches strings too: group 1 is kept."""
    return comments.sub(lambda match: match[0] if match[1] else re.sub(r"[^\n]", " ", match[0]), text)


class Lines:
    """The line of a place in a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


def blocks(text: str) -> Iterator[Block]:
    """All blocks, inner ones before outer ones. Raises Unparsable where braces do not match."""
    lines = Lines(text)
    open_blocks: list[tuple[Block, int]] = []
    begin = 0
    for count, match in enumerate(_END.finditer(text)):
        part = text[begin : match.end()]
        words = " ".join(part[:-1].split())
        start = begin + len(part) - len(part.lstrip())
        begin = match.end()
        if count > MAX_PARTS:
            raise Unparsable(f"has more than {MAX_PARTS:,} parts")
        if part[-1] == "{":
            path = tuple(block.head for block, _ in open_blocks)
            open_blocks.append((Block(words, lines.at(start), 0, path, "", []), match.end()))
            if len(open_blocks) > MAX_DEPTH:
                raise Unparsable("is nested too deeply")
        elif part[-1] == ";":
            if open_blocks and words:
                open_blocks[-1][0].statements.append(words)
        elif not open_blocks:
            raise Unparsable(f"does not parse (line {lines.at(match.end() - 1)})")
        else:
            block, inside = open_blocks.pop()
            block.body = text[inside : match.end() - 1]
            block.last_line = lines.at(match.end() - 1)
            yield block
    if open_blocks:
        raise Unparsable(f"does not parse (line {open_blocks[-1][0].first_line})")
