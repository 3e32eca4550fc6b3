"""The first words of a source file, where they say what it is for: a docstring, a comment over the code.

Pure. Invariant: a licence, a switch for a tool, a mark of a generator are no such words.
"""

from __future__ import annotations

import re
from typing import Final

from contox_hooks.domain.redaction import redact
from contox_hooks.scan.said import Said, Text

_DOCSTRING: Final = re.compile(r"\A(?:\s|#[^\n]*\n)*+[rRuU]?(?:\"\"\"|''')\s*([^\n\"']*[^\n]*)")
_GO: Final = re.compile(r"^(?://|/?\*)\s*((?:Package|Command) \w+ [^\n]+)", re.MULTILINE)
_BLOCK: Final = re.compile(r"\A(?:\s|<\?php|#![^\n]*\n|['\"]use strict['\"];?)*+/\*(.*?)\*/", re.DOTALL)
_RUST: Final = re.compile(r"\A(?:\s|#!\[[^\n]*\n|//[^/!][^\n]*\n)*+((?://!.*\n?)+)")
_HASHES: Final = re.compile(r"\A(?:#!.*\n)?+\s*+((?:#(?!!|.*-\*-).*\n)+)")
_JUNK: Final = re.compile(
    r"copyright|licen[cs]e|SPDX|all rights reserved|permission is hereby|@?generated|do not edit|eslint|prettier|"
    r"istanbul|@ts-|@jest|@flow|vim:|coding[:=]|frozen_string_literal|todo|fixme|rubocop|nolint|pylint|noqa|\(c\)|"
    r"clang-format|@param|@return|@type|\bauthor",
    re.IGNORECASE,
)
_READ: Final = 6000
"""Characters from the start, whole lines."""
_LEAST_WORDS: Final = 3
_MAX_SENTENCE: Final = 200


def heading(text: Text, suffix: str) -> Said | None:
    """Its first sentence, quoted with the line where that begins; None when there is none."""
    start = text.content if len(text.content) <= _READ else text.content[:_READ].rpartition("\n")[0]
    if suffix in ("py", "pyi"):
        match = _DOCSTRING.match(start)
        block = start[match.start(1) : _end_of_docstring(start, match.start(1))] if match else ""
    elif suffix == "go":
        match = _GO.search(start)
        block = start[match.start(1) :].partition("\npackage ")[0] if match else ""
    elif suffix == "rs":
        match = _RUST.match(start)
        block = match[1] if match else ""
    elif suffix in ("rb", "sh", "pl"):
        match = _HASHES.match(start)
        block = match[1] if match else ""
    else:
        match = _BLOCK.match(start)
        block = match[1] if match else ""
    return _told(text, block) if match else None


def _end_of_docstring(start: str, at: int) -> int:
    ends = [end for mark in ('"""', "'''") if (end := start.find(mark, at)) >= 0]
    return min(ends, default=len(start))


def _told(text: Text, block: str) -> Said | None:
    """The first paragraph's first sentence; none of a paragraph that holds a secret, which may go over lines."""
    if _JUNK.search(block[:400]):
        return None
    lines: list[str] = []
    seen = 0
    for raw in block.split("\n"):
        seen += len(raw) + 1
        line = re.sub(r"^\s*(?://[!/]?|/?\*+(?!\*)|#+)?\s*#*\s*", "", raw).strip().rstrip("*/").strip()
        if line and not line.startswith(("@", "~~", "==", "--", "..")):
            lines.append(line)
        elif lines:
            break
    sentence = " ".join(lines)
    match = re.match(r".{20,}?(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!](?=\s|$)", sentence)
    sentence = (match[0] if match else sentence).rstrip(".:")
    if len(sentence.split()) < _LEAST_WORDS or len(sentence) > _MAX_SENTENCE or not lines:
        return None
    if redact(block[:seen]).count:
        return None
    number = next((at for at, line in enumerate(text.lines, start=1) if lines[0] in line), 0)
    return Said("doc", sentence, lines[0], number) if number else None
