"""The definitions that an item's title names, and whether a file still has them.

Pure; the syntax trees are source/'s. Invariant: a word counts as a name only where it is written like one and a file of
the item defined it; a file that cannot be read, or only in part, says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from contox_hooks.pipeline.source.kept import outline
from contox_hooks.pipeline.source.language import reader_of
from contox_hooks.pipeline.source.outline import Unparsable

_WORD = re.compile(r"(?<![\w./-])(`?)([A-Za-z_][\w.]*)(\(\))?(?![\w/-])")
_HUMP = re.compile(r"[a-z0-9][A-Z]")
_KEYWORDS = "def|class|func|function|fn|struct|union|enum|trait|interface|record|type|module|mod|message|service|macro"
_MAX_CHARS = 1_000_000
"""A longer file is hardly written by hand; its tree would take seconds."""


def names_in(title: str) -> frozenset[str]:
    """Words with an underscore, a hump, a backtick before or brackets behind them: `parse_args`, `TestClient`, `run()`.
    Of `app.run()` the last part."""
    found = set()
    for tick, word, call in _WORD.findall(title):
        name = word.rstrip(".").rpartition(".")[2]
        if tick or call or "_" in name.strip("_") or _HUMP.search(name):
            found.add(name)
    return frozenset(found)


def may_define(name: str, text: str, *, surely: bool = False) -> bool:
    """Whether it is worth reading the file's tree: a word like `def` stands before the name, or, unless `surely`, the
    name opens a line's first brackets."""
    named, opening = _patterns(name)
    start = text.find(name)
    while start >= 0:  # line by line: the patterns over a whole file take a hundred times as long
        first, last = text.rfind("\n", 0, start) + 1, text.find("\n", start)
        last = len(text) if last < 0 else last
        if named.search(text, first, last) or (not surely and opening.match(text, first, last)):
            return True
        start = text.find(name, last)
    return False


@lru_cache(maxsize=2048)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    word = re.escape(name)
    return (
        re.compile(rf"\b(?:{_KEYWORDS})\b[^\S\n]+(?:\([^()\n]*\)[^\S\n]*)?(?:[^\n=;(]*[^\w\n])??{word}\b"),
        re.compile(rf"[^\n(=;]*\b{word}[^\S\n]*[(<{{=]"),
    )


def definitions_in(path: str, text: str, *, whole: bool = True) -> frozenset[str] | None:
    """Functions, classes, types that a file defines, without what they are in; None where that is not known. Not
    `whole`: those that were found are enough, where a part does not parse."""
    if reader_of(path) is None or len(text) > _MAX_CHARS:
        return None
    try:
        found = outline(text.encode("utf-8", "surrogateescape"), path)
    except Unparsable:
        return None
    return None if found.broken_line and whole else frozenset(part.name.rpartition(".")[2] for part in found.parts)
