"""The parts that a project consists of, as its folders divide it: few enough to be told one by one.

Pure. Invariants: every source belongs to exactly one part; the same names give the same parts.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

MOST_PARTS: Final = 16
_LEAST_ROOM: Final = 4
"""Parts that must be free for one more folder to be divided."""
_LEAST: Final = 3
"""Files below which a folder is not divided any more."""


class Part:
    def __init__(self, path: str, files: list[str], *, is_rest: bool = False) -> None:
        self.path = path
        """Of the folder; empty for the topmost."""
        self.files = files
        self.is_rest = is_rest
        """Whether only what stands directly in the folder is meant: its folders are parts of their own."""


def parts_of(sources: Iterable[str]) -> list[Part]:
    """The largest folder is divided into what it holds until there are MOST_PARTS; the largest first, then by name."""
    open_parts = [_collapsed(Part("", sorted(sources)))]
    done: list[Part] = []
    while open_parts and (room := MOST_PARTS - len(open_parts) - len(done)) >= _LEAST_ROOM:
        largest = max(open_parts, key=lambda part: (len(part.files), part.path))
        open_parts.remove(largest)
        if len(largest.files) < _LEAST:
            done.append(largest)
            continue
        for part in _largest(_divided(largest), room):
            (done if part.is_rest or part.path == largest.path else open_parts).append(part)
    found = [part for part in (*open_parts, *done) if part.files]
    return sorted(found, key=lambda part: (-len(part.files), part.path))


def _largest(inner: list[Part], most: int) -> list[Part]:
    """Of a folder with very many folders the largest; the small ones stay with what lies directly in it."""
    ranked = sorted(inner, key=lambda part: (part.is_rest, -len(part.files), part.path))
    if len(inner) <= most:
        return inner
    kept = ranked[: most - 1]
    folder = inner[0].path if inner[0].is_rest else _parent(inner)
    kept = [part for part in kept if not part.is_rest]
    return [
        Part(folder, sorted(path for part in ranked if part not in kept for path in part.files), is_rest=True),
        *kept,
    ]


def _parent(inner: list[Part]) -> str:
    return posixpath.commonpath([part.path for part in inner])


def _divided(part: Part) -> list[Part]:
    start = len(part.path) + 1 if part.path else 0
    folders: defaultdict[str, list[str]] = defaultdict(list)
    direct = []
    for path in part.files:
        head, slash, _ = path[start:].partition("/")
        if slash:
            folders[path[: start + len(head)]].append(path)
        else:
            direct.append(path)
    inner = [_collapsed(Part(folder, files)) for folder, files in sorted(folders.items())]
    return [Part(part.path, direct, is_rest=bool(inner)), *inner] if direct else inner


def _collapsed(part: Part) -> Part:
    """`src` that holds nothing but `src/flask` is `src/flask`."""
    while part.files:
        inner = _divided(part)
        if len(inner) != 1 or inner[0].path == part.path:
            break
        part = inner[0]
    return part
