"""Definitions that a patch adds, removes or re-signs, read from its lines.

Knows the look of definitions in common languages, nothing of items. Invariant: says only what the lines show; a
definition that stands on both sides unchanged (moved within the file) is no change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contox_hooks.pipeline.fact import cut
from contox_hooks.pipeline.patch import FilePatch, Line

MAX_SIGNATURE = 160

_PYTHON = re.compile(r"(?P<indent>[ \t]*)(?P<word>async +def|def|class) +(?P<name>[A-Za-z_]\w*)")
_ONE_LINE = re.compile(r" ((?:async def|def|class) \w+(?:\([^()]*\))?(?: -> [\w.\[\], |\"']+)?):(?: |$)")
_COMMENT = re.compile(r"\s+#\s.*$")
_DOCSTRING = re.compile(r"""\s*[rR]?(?:\"\"\"|''')\s*(?P<text>[A-Z][^"]{14,300})""")
_OTHERS: Mapping[str, re.Pattern[str]] = {
    "js": re.compile(
        r"export +(?:default +)?(?:declare +)?(?:abstract +)?(?:async +)?"
        r"(?P<word>function\*?|class|const|let|interface|type|enum) +(?P<name>[A-Za-z_$][\w$]*)"
    ),
    "go": re.compile(r"(?P<word>func|type)(?: \([^()]{1,80}\))? (?P<name>[A-Z]\w*)"),
    "rs": re.compile(
        r" *pub(?:\([a-z]+\))? +(?:async +|unsafe +|const +)*(?P<word>fn|struct|enum|trait|type|mod) +(?P<name>\w+)"
    ),
    "rb": re.compile(r" *(?P<word>def|class|module) +(?:self\.)?(?P<name>[A-Za-z_][\w.:?!]*)"),
    "java": re.compile(
        r"\s*public +(?:static +|final +|abstract +)*(?P<word>class|interface|enum|record) +(?P<name>\w+)"
    ),
    "php": re.compile(r"\s*(?:public +|static +)*(?P<word>function|class|interface|trait) +(?P<name>\w+)"),
    "sh": re.compile(r"(?:function +)?(?P<name>[A-Za-z_][\w-]*) *\(\)(?P<word>) *\{?"),
    "sql": re.compile(
        r"\s*(?P<word>CREATE +(?:TABLE|VIEW|INDEX|TRIGGER)) +(?:IF +NOT +EXISTS +)?(?P<name>[\w.\"]+)", re.IGNORECASE
    ),
    "proto": re.compile(r"\s*(?P<word>message|service|rpc|enum) +(?P<name>\w+)"),
}
_SUFFIXES: Mapping[str, str] = {
    "py": "py", "pyi": "py", "js": "js", "jsx": "js", "mjs": "js", "ts": "js", "tsx": "js", "vue": "js", "go": "go",
    "rs": "rs", "rb": "rb", "java": "java", "kt": "java", "cs": "java", "php": "php", "sh": "sh", "bash": "sh",
    "sql": "sql", "proto": "proto",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    """Qualified as far as the patch shows: `Client.get`."""
    word: str
    """`def`, `class`, `function` …, as the language says."""
    signature: str
    """Source text from its keyword on, white space folded; the name alone where the patch stops before its end."""
    line: str
    """The line that defines it, to quote."""
    doc: str = ""
    """First sentence of its docstring, as far as its first line has it."""

    @property
    def is_public(self) -> bool:
        parts = self.name.split(".")
        return not any(part.startswith("_") and part != "__init__" for part in parts)

    @property
    def is_test(self) -> bool:
        return self.name.rpartition(".")[2].lower().startswith("test")


@dataclass(frozen=True, slots=True)
class SymbolChanges:
    added: tuple[Symbol, ...] = ()
    removed: tuple[Symbol, ...] = ()
    resigned: tuple[tuple[Symbol, Symbol], ...] = ()
    """Before and after, where the signature changed."""
    touched: tuple[str, ...] = ()
    """Qualified names of definitions whose inside changed, as far as the patch shows where it is."""


def symbol_changes(patch: FilePatch) -> SymbolChanges:
    language = _SUFFIXES.get(patch.path.rpartition(".")[2].lower())
    if language == "py":
        return _python_changes(patch)
    if language is None:
        return SymbolChanges()
    pattern = _OTHERS[language]
    new, old = _matches(pattern, patch.marked("+")), _matches(pattern, patch.marked("-"))
    return SymbolChanges(
        added=tuple(symbol for name, symbol in new.items() if name not in old),
        removed=tuple(symbol for name, symbol in old.items() if name not in new),
        resigned=tuple((old[name], new[name]) for name in new if name in old and old[name].line != new[name].line),
    )


def _matches(pattern: re.Pattern[str], lines: Iterable[str]) -> dict[str, Symbol]:
    found: dict[str, Symbol] = {}
    for line in lines:
        if match := pattern.match(line):
            text = " ".join(line.split()).rstrip("{ ")[:MAX_SIGNATURE]
            found.setdefault(match["name"], Symbol(match["name"], match["word"].lower(), text, line.strip()))
    return found


@dataclass(slots=True)
class _Side:
    """Definitions of one side of a patch; `marked` are those whose signature has a changed line."""

    all: dict[str, Symbol]
    marked: set[str]
    touched: dict[str, None]


def _python_changes(patch: FilePatch) -> SymbolChanges:
    new, old = _python_side(patch, "+"), _python_side(patch, "-")
    added = [symbol for name, symbol in new.all.items() if name in new.marked and name not in old.all]
    removed = [symbol for name, symbol in old.all.items() if name in old.marked and name not in new.all]
    resigned = [
        (old.all[name], symbol)
        for name, symbol in new.all.items()
        if name in old.all and "(" in symbol.signature and "(" in old.all[name].signature
        and symbol.signature != old.all[name].signature
    ]  # fmt: skip
    fresh = {symbol.name for symbol in added} | {symbol.name for symbol in removed}
    touched = [name for name in {**new.touched, **old.touched} if name not in fresh]
    return SymbolChanges(tuple(added), tuple(removed), tuple(resigned), tuple(touched))


def _python_side(patch: FilePatch, mark: str) -> _Side:
    lines = [line for line in patch.lines if line.mark in (mark, " ", "@")]
    side = _Side({}, set(), {})
    stack: list[tuple[int, str, str]] = []
    for place, line in enumerate(lines):
        if line.mark == "@":
            heading = _PYTHON.match(line.text)
            stack = [(len(heading["indent"]), heading["word"], heading["name"])] if heading else []
            continue
        text = line.text
        if not text.strip():
            continue
        indent = len(text) - len(text.lstrip())
        while stack and stack[-1][0] >= indent and not text.lstrip().startswith((")", "]", "}", "#", '"""')):
            stack.pop()
        match = _PYTHON.match(text)
        if match is None:
            if line.mark == mark and stack:
                side.touched.setdefault(".".join(name for _, _, name in _reachable(stack)))
            continue
        nested = any(word != "class" for _, word, _ in stack)
        stack.append((indent, match["word"], match["name"]))
        if nested:
            continue
        name = ".".join(name for _, _, name in stack)
        signature, end = _python_signature(lines, place, match["name"])
        doc = _docstring(lines[end : end + 1])
        side.all.setdefault(name, Symbol(name, match["word"].split()[-1], signature, text.strip(), doc))
        if line.mark == mark:
            side.marked.add(name)
    return side


def _reachable(stack: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """The path down to the first function: what is nested in it is its inside."""
    for depth, (_, word, _) in enumerate(stack, start=1):
        if word != "class":
            return stack[:depth]
    return stack


def _python_signature(lines: list[Line], place: int, name: str) -> tuple[str, int]:
    """The text up to the colon and the place after it; only the name when the patch cuts it short."""
    collected = ""
    for end, line in enumerate(lines[place : place + 20], start=place + 1):
        if line.mark == "@":
            break
        collected += " " + _COMMENT.sub("", line.text).strip()
        if match := _ONE_LINE.match(collected):
            return match[1].strip(), end
        if collected.count("(") <= collected.count(")") and collected.endswith((":", ": ...")):
            text = " ".join(collected.split()).removesuffix("...").rstrip(" :")
            return cut(text.replace("( ", "(").replace(", )", ")").replace(" )", ")"), MAX_SIGNATURE), end
    return name, place + 1


def _docstring(lines: list[Line]) -> str:
    match = _DOCSTRING.match(lines[0].text) if lines and lines[0].mark == "+" else None
    return cut(match["text"].partition(". ")[0].strip().rstrip("."), 120) if match else ""
