"""The definitions that an item's title names, and whether a file still has them.

Pure; the syntax trees are source/'s. Invariant: a word counts as a name only where it is written like one and a file of
the item defined it; a file that cannot be read, or only in part, says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from contox_hooks.pipeline.source.language import outline, reader_of
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
    if name not in text:
        return False
    word = re.escape(name)
    if re.search(rf"\b(?:{_KEYWORDS})\b[^\S\n]+(?:\([^()\n]*\)[^\S\n]*)?(?:[^\n=;(]*[^\w\n])??{word}\b", text):
        return True
    return not surely and re.search(rf"(?m)^[^\n(=;]*\b{word}[^\S\n]*[(<{{=]", text) is not None


@lru_cache(maxsize=256)
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
