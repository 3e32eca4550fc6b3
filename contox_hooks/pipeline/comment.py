"""What comments that a patch adds tell: open ends, and reasons.

Invariant: a comment that only moved within its file is not new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contox_hooks.pipeline.fact import Fact
from contox_hooks.pipeline.patch import FilePatch, Line
from contox_hooks.pipeline.quote import added_quote

_MAX_REASON = 300
_TODO = re.compile(r"(?:#|//|/\*|\*|--|<!--)\s*(?:TODO|FIXME|XXX)\b(?:\([^()]{0,40}\))?[: ]*(?P<text>\S.{7,200})")
_COMMENT = re.compile(r"\s*(?:#+(?![!:])|/{2,}!?(?!:)) ?(?P<text>.*)")
_BLOCK = re.compile(r"\s*(?:/\*+|\*(?!/))(?:\s(?P<text>.*?))?(?:\s*\*/)?")
_DOCSTRING = re.compile(r"""\s*[rR]?(?:\"\"\"|\'\'\')""")
_TRIPLE = re.compile(r"\"\"\"|\'\'\'")
_SHARP = frozenset({
    "py", "pyi", "pyx", "sh", "bash", "zsh", "rb", "rake", "pl", "pm", "r", "jl", "ex", "exs", "toml", "yml", "yaml",
    "cfg", "ini", "conf", "tf", "nix", "cmake", "mk",
})  # fmt: skip
_SLASHES = frozenset({
    "c", "h", "cc", "cpp", "cxx", "hpp", "m", "mm", "js", "jsx", "mjs", "cjs", "ts", "tsx", "go", "rs", "java", "kt",
    "kts", "scala", "cs", "swift", "php", "dart", "css", "scss", "less", "proto", "zig",
})  # fmt: skip
_DASHES = frozenset({"sql", "lua", "hs", "elm"})
_MARKS = (
    (_SHARP, re.compile(r"\s*#(?!!)")),
    (_SLASHES, re.compile(r"\s*(?://|/\*|\*(?:\s|/|$))")),
    (_DASHES, re.compile(r"\s*--")),
)
_WHY = re.compile(
    r"\b(?:because|so that|in order to|to (?:avoid|prevent|ensure)|otherwise|work ?around|due to|"
    r"since \w+ (?:is|are|does|has|can))\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def is_comment(path: str, line: str) -> bool:
    """Whether a line holds nothing but a comment, by the language's mark; False where the suffix says no language."""
    suffix = path.rpartition(".")[2].lower()
    return any(suffix in suffixes and mark.match(line) is not None for suffixes, mark in _MARKS)


def todo_facts(patch: FilePatch) -> Iterator[Fact]:
    gone = {match["text"].strip() for line in patch.removed if (match := _TODO.search(line))}
    for line in patch.added:
        match = _TODO.search(line)
        if match and match["text"].strip() not in gone:
            yield Fact(patch.path, match["text"].strip(" :-*/>"), 3, added_quote(line), "todo")


def reason_facts(patch: FilePatch) -> Iterator[Fact]:
    """Sentences of whole added comments and docstrings that say why; the quote is the line of the reason."""
    block: list[tuple[str, str]] = []
    gone = set(map(str.strip, patch.removed))
    remark = _Remark(patch.path)
    for line in [*patch.lines, Line("@", "")]:
        text = remark.text_of(line)
        if text and line.mark == "+" and line.text.strip() not in gone:
            block.append((text, line.text))
        elif block:
            yield from _reasons(patch.path, block)
            block = []


class _Remark:
    """What a line says outside of the code, read line after line since a docstring's marks stand only at its ends."""

    def __init__(self, path: str) -> None:
        self._suffix = path.rpartition(".")[2].lower()
        self._in_docstring = False

    def text_of(self, line: Line) -> str:
        """Empty for code, for a line without words, and for a removed line."""
        if line.mark == "-":
            return ""
        if line.mark == "@":
            self._in_docstring = False
            return ""
        if self._suffix in ("py", "pyi"):
            quotes = len(_TRIPLE.findall(line.text))
            was_in = self._in_docstring
            if was_in or (quotes and _DOCSTRING.match(line.text)):
                self._in_docstring = was_in != bool(quotes % 2)
                return _TRIPLE.sub("", line.text if was_in else _DOCSTRING.sub("", line.text)).strip()
        match = _COMMENT.fullmatch(line.text) or (_BLOCK.fullmatch(line.text) if self._suffix in _SLASHES else None)
        return (match["text"] or "").strip() if match else ""


def _reasons(path: str, block: list[tuple[str, str]]) -> Iterator[Fact]:
    for sentence in _SENTENCE_END.split(" ".join(text for text, _ in block)):
        match = _WHY.search(sentence)
        if match is None or len(sentence) > _MAX_REASON or len(sentence.split()) < 5:
            continue
        quote = next((line for text, line in block if match[0] in text and text), block[0][1])
        yield Fact(path, sentence.strip(), 3, added_quote(quote), "why")
