"""Which paths of a tree are nobody's work: gitignore's rules, asked from the top down, a name at a time.

Later wins: what tools leave behind (DEFAULTS), the user's global excludes, the repository's `info/exclude`, each
folder's own `.gitignore` from the root down, the configured patterns; and never shown, whatever these say: `.git` and
`.context`. A path is judged when its folder is not ignored, so that nothing below an ignored folder is ever read.
Invariant: whatever a stranger's files hold, a judgement and what is kept of them stay small.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from contox_hooks.domain.path import Rule, rule_of

FILE = ".gitignore"
DEFAULTS = (
    "__pycache__/", "*.py[cod]", "node_modules/", ".venv/", ".vscode/", ".idea/", ".pytest_cache/", ".mypy_cache/",
    ".ruff_cache/", ".coverage", ".coverage.*", "htmlcov/", ".DS_Store", "*.swp", "*.swx", "*~", ".#*",
)  # fmt: skip
"""The session tracker's that this one succeeds (TRACKER.md), and what editors and tools write beside the work."""
_MOST_CHARACTERS = 50_000
"""Of one file: its first lines. A judgement of a name takes some milliseconds at the worst."""
_MOST_IN_ALL = 500_000
"""Of all `.gitignore` files of a tree."""
NEVER = frozenset({".git", ".context"})
"""As a whole component: a project in `foo.github.io` is one like any other."""


class Ignore:
    """The rules below one folder. `excludes` are further files in gitignore's format, weakest first."""

    def __init__(self, root: Path, patterns: Sequence[str] = (), excludes: Sequence[Path] = ()) -> None:
        self.passed_over: str | None = None
        """The first file that holds more than is heeded."""
        self._root = root
        self._patterns = tuple(patterns)
        self._excludes = tuple(excludes)
        self._above = _known([patterns])
        self._below = _known([*(self._lines(path, _MOST_CHARACTERS) for path in reversed(excludes)), DEFAULTS])
        self._levels: dict[str, tuple[tuple[int, _Patterns], ...]] = {}
        self._sizes: dict[str, int] = {}
        """Of the folders' own files, in characters."""
        self._room = _MOST_IN_ALL

    def under(self, folder: Path) -> Ignore:
        """The same rules for a folder elsewhere."""
        return Ignore(folder, self._patterns, self._excludes)

    def ignores(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """`folder` is relative to the root ('' is the root) and is not ignored itself."""
        if name in NEVER:
            return True
        path = f"{folder}/{name}" if folder else name
        start = f"{name}//" if is_folder else f"{name}/"
        for patterns in self._above:
            if (verdict := patterns.verdict(start + path)) is not None:
                return verdict
        for skip, patterns in self._levels_of(folder):
            if (verdict := patterns.verdict(start + path[skip:])) is not None:
                return verdict
        for patterns in self._below:
            if (verdict := patterns.verdict(start + path)) is not None:
                return verdict
        return False

    def reread(self, folder: str) -> None:
        """The folder's own file changed."""
        below = f"{folder}/" if folder else ""
        for known in [known for known in self._levels if known == folder or known.startswith(below)]:
            self.forget(known)

    def forget(self, folder: str) -> None:
        self._levels.pop(folder, None)
        self._room += self._sizes.pop(folder, 0)

    def _levels_of(self, folder: str) -> tuple[tuple[int, _Patterns], ...]:
        """The `.gitignore` files that speak for a folder, its own first; with how much of a path is above each."""
        levels = self._levels.get(folder)
        if levels is None:
            levels = self._levels_of(folder.rpartition("/")[0]) if folder else ()
            skip = len(folder) + 1 if folder else 0
            file, most = self._root / folder / FILE, min(_MOST_CHARACTERS, self._room)
            lines = self._lines(file, most, flags=os.O_NOFOLLOW)  # git follows no link here either
            if size := sum(map(len, lines)):
                self._sizes[folder] = size
                self._room -= size
            levels = (*((skip, own) for own in _known([lines])), *levels)
            self._levels[folder] = levels
        return levels

    def _lines(self, path: Path, most: int, *, flags: int = 0) -> list[str]:
        """Of a file that need not be there, and may be a pipe."""

        def opened(path: str, mode: int) -> int:
            return os.open(path, mode | os.O_NONBLOCK | flags)

        try:
            with open(path, encoding="utf-8-sig", errors="surrogateescape", opener=opened) as file:
                lines = file.read(most + 1)
        except OSError:
            return []
        if len(lines) > most:
            self.passed_over = self.passed_over or str(path)
            lines = lines[:most].rpartition("\n")[0]
        return lines.split("\n")


class _Patterns:
    """What one source says of a path: ignored, not ignored, or nothing. The last pattern that matches decides.

    All patterns are one expression, the last one first. It reads a file as `name/path`, a folder as `name//path`:
    one start for patterns of a name and for those of a path.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        groups = [(not negated, list(same)) for negated, same in groupby(reversed(rules), lambda rule: rule.negated)]
        self._verdicts = [is_ignored for is_ignored, _ in groups]
        sources = (f"({'|'.join(map(_source, same))})" for _, same in groups)
        self._expression = re.compile("|".join(sources), re.DOTALL)

    def verdict(self, subject: str) -> bool | None:
        found = self._expression.match(subject)
        return self._verdicts[found.lastindex - 1] if found is not None and found.lastindex else None


def _source(rule: Rule) -> str:
    if rule.anchored:
        return rf"[^/]++//{rule.body}\Z" if rule.folder else rf"[^/]++//?+{rule.body}\Z"
    return f"{rule.body}//" if rule.folder else f"{rule.body}/"


def _known(sources: Iterable[Iterable[str]]) -> list[_Patterns]:
    """Lines that are no pattern are passed over, as git does."""
    rules = ([rule for line in lines if (rule := rule_of(line)) is not None] for lines in sources)
    return [_Patterns(found) for found in rules if found]
