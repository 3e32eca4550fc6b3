"""Where a quote stands: the lines of its commit's diff, or message, around it, with those that it cites marked.

The way back from quote.py's check, for whoever shows evidence. Pure. Invariant: what is found here is what the check
found; what it cannot find (the diff was cut, or the item was told anew) is None, never another place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Evidence
from contox_hooks.pipeline.patch import FilePatch, Line, file_patches
from contox_hooks.pipeline.quote import fold, fold_message, runs

AROUND = 6
"""Lines that are shown before and after a cited one."""


@dataclass(frozen=True, slots=True)
class CitedLine:
    mark: Literal["+", "-", " ", "@", "…"]
    """As in a diff; `…`: lines that are not shown, the text says how many."""
    text: str
    is_cited: bool = False


def cited_lines_of(evidence: Evidence, digest: CommitDigest) -> tuple[CitedLine, ...] | None:
    """The lines around the quote; None where it does not stand in what is kept of the commit."""
    if evidence.path is None:
        lines = [Line(" ", text) for text in digest.message.split("\n")]
        quote = fold_message(evidence.quote)
        cited = _lines_of(quote, lines, " ", fold_message) if quote else None
        return None if cited is None else tuple(_around(lines, cited))
    for patch in file_patches(digest.diff, max_line=None):
        if patch.path == evidence.path and (cited := _cited(evidence.quote, patch)):
            return tuple(_around(patch.lines, cited))
    return None


def _cited(quote: str, patch: FilePatch) -> set[int] | None:
    """Indexes of its lines; None where a part of the quote is not there."""
    found: set[int] = set()
    for is_removed, text in runs(quote):
        lines = _lines_of(text, patch.lines, "-" if is_removed else "+ ", fold) if text else set()
        if lines is None:
            return None
        found |= lines
    return found


def _lines_of(text: str, lines: Sequence[Line], marks: str, folded: Callable[[str], str]) -> set[int] | None:
    """The lines of one side that a folded text begins, goes through and ends in."""
    parts = [(index, part) for index, line in enumerate(lines) if line.mark in marks and (part := folded(line.text))]
    start = " ".join(part for _, part in parts).find(text)
    if start < 0:
        return None
    found, at = set(), 0
    for index, part in parts:
        if at < start + len(text) and at + len(part) > start:
            found.add(index)
        at += len(part) + 1
    return found


def _around(lines: Sequence[Line], cited: Iterable[int]) -> Iterator[CitedLine]:
    """The cited lines with their neighbours; what is left out between says so."""
    cited = frozenset(cited)
    near = {index + step for index in cited for step in range(-AROUND, AROUND + 1)}
    left_out = 0
    for index, line in enumerate(lines):
        if index not in near:
            left_out += 1
            continue
        if left_out:
            yield _left_out(left_out)
            left_out = 0
        yield CitedLine(line.mark, line.text, index in cited)
    if left_out:
        yield _left_out(left_out)


def _left_out(count: int) -> CitedLine:
    return CitedLine("…", f"{count} more line{'' if count == 1 else 's'}")
