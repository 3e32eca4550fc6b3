"""Excluded names within somebody's words: a request, a command, what git complains of.

Pure. Must not know whose words they are. Invariant: a word is tested as a whole and by its parts, quoted ones also with
their spaces, from where the words were said and from every folder on its way; in doubt it is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import join, normpath
from typing import Final

from contox_hooks.domain.path import Exclusions

EXCLUDED: Final = "[excluded]"

_EDGE: Final = "'\"`;|&<>()[]{}=,:!?*“”‘’„«»…"
_WORD: Final = re.compile(r"(?:\\[^\n]|[^\s\\])+|\\")
"""As a shell reads one: a space after a backslash is part of it."""
_PARTS: Final = (re.compile(f"[^{re.escape(_EDGE)}]+"), re.compile(r"[\w./\u0300-\u036f-]+"))
"""What a name may be after: `key=name`, `user@host:name`, `@name`, `name#L10`, `$HOME/name`."""
_QUOTED: Final = tuple(
    re.compile(f"(?={opening}([^{opening}{closing}\n]{{1,255}}){closing})")
    for opening, closing in ("''", '""', "``", "“”", "‘’", "„“", "«»")
)
"""Between each quote and the next, so that an apostrophe before them hides none."""
_MOVED: Final = re.compile(
    r"""(?:^|[\s;&|(])(?:cd|pushd|-C)[ \t]+(?:--[ \t]+)?("[^"\n]*"|'[^'\n]*'|(?:\\.|[^\s;&|)'"])+)"""
)
_FOLDERS: Final = 64
"""On a name's way that are left away, one after the other; no name has as many."""
_MOVES: Final = 16
"""Changes of folder that are followed; what comes after them is hidden."""
_AGAIN: Final = re.compile(rf"{re.escape(EXCLUDED)}(?:\s*{re.escape(EXCLUDED)})+")


def masked(text: str, exclusions: Exclusions, folder: str = "") -> str:
    """`folder`: where it was said, from the top of the work tree. What follows a change into an excluded folder is
    hidden to the end."""
    if not exclusions:
        return text
    moves, end = _moves(text, exclusions, folder)
    spans = [(end, len(text))] if end < len(text) else []
    for found in _WORD.finditer(text, 0, end):
        here = [folder, *(to for at, to in moves if at <= found.start())][-1:]
        parts = [part for each in _PARTS for part in each.findall(found[0])]
        if _hides(exclusions, {folder, *here}, [found[0], *parts]):
            left = len(found[0]) - len(found[0].lstrip(_EDGE))
            spans.append((found.start() + left, found.start() + len(found[0].rstrip(_EDGE + "."))))
    for quoted in _QUOTED:
        spans += [found.span(1) for found in quoted.finditer(text, 0, end) if _hides(exclusions, {folder}, [found[1]])]
    return _AGAIN.sub(EXCLUDED, _without(text, spans))


def _moves(text: str, exclusions: Exclusions, folder: str) -> tuple[list[tuple[int, str]], int]:
    """Where in it which folder was changed to, and where it goes on in an excluded one; else its length."""
    moves: list[tuple[int, str]] = []
    for found in _MOVED.finditer(text):
        to = re.sub(r"\\(.)", r"\1", found[1].strip("'\""))
        if len(moves) == _MOVES or _hides(exclusions, {folder}, [f"{to.rstrip('/')}/x"]):
            return moves, found.start(1)
        folder = join(folder, to)
        moves.append((found.end(), folder))
    return moves, len(text)


def _hides(exclusions: Exclusions, folders: set[str], words: Sequence[str]) -> bool:
    return any(
        exclusions.matches(spelling)
        for word in words
        for each in dict.fromkeys(_bare(word))
        for spelling in _spellings(each, folders)
    )


def _bare(word: str) -> Iterator[str]:
    """Without what a shell, a Markdown text or an option put around it."""
    for plain in (re.sub(r"\\(.)|['\"]", r"\1", word), word.replace("\\", "/")):
        yield plain
        yield plain.strip(_EDGE)
        stripped = plain.lstrip(_EDGE + "_~-").rstrip(_EDGE + "_~-.")
        yield stripped
        if plain.startswith("-"):
            yield stripped[1:]  # `-fname`


def _spellings(name: str, folders: set[str]) -> Iterator[str]:
    yield name
    for folder in folders:
        yield normpath(join(folder, name))
    rest = normpath(name)
    for _ in range(_FOLDERS):
        _, slash, rest = rest.partition("/")
        if not slash:
            return
        yield rest


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    out, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            out += [text[at:start], EXCLUDED]
        at = max(at, end)
    return "".join([*out, text[at:]])
