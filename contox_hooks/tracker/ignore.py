"""Which paths of a tree are nobody's work: gitignore's rules, asked from the top down, a name at a time.

Later wins: what tools leave behind (DEFAULTS), the user's global excludes, the repository's `info/exclude`, each
folder's own `.gitignore` from the root down, the configured patterns; and never shown, whatever these say: `.git` and
`.context`. A path is judged when its folder is not ignored, so that nothing below an ignored folder is ever read.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

FILE = ".gitignore"
DEFAULTS = (
    "__pycache__/", "*.py[cod]", "node_modules/", ".venv/", ".vscode/", ".idea/", ".pytest_cache/", ".mypy_cache/",
    ".ruff_cache/", ".coverage", ".coverage.*", "htmlcov/", ".DS_Store", "*.swp", "*.swx", "*~", ".#*",
)  # fmt: skip
"""The session tracker's that this one succeeds (TRACKER.md), and what editors and tools write beside the work."""
_MOST_CHARACTERS = 1_000_000
_MOST_STARS = 4
"""In one line; one with more is passed over. With five, a stranger's repository holds names that take the expression
18 s each; with four 0.3 s."""
NEVER = frozenset({".git", ".context"})
"""As a whole component: a project in `foo.github.io` is one like any other."""


class Ignore:
    """The rules below one folder. `excludes` are further files in gitignore's format, weakest first."""

    def __init__(self, root: Path, patterns: Sequence[str] = (), excludes: Sequence[Path] = ()) -> None:
        self._root = root
        self._patterns = tuple(patterns)
        self._excludes = tuple(excludes)
        self._above = _known([patterns])
        self._below = _known([*(_lines(path) for path in reversed(excludes)), DEFAULTS])
        self._levels: dict[str, tuple[tuple[int, _Patterns], ...]] = {}

    def under(self, folder: Path) -> Ignore:
        """The same rules for a folder elsewhere."""
        return Ignore(folder, self._patterns, self._excludes)

    def ignores(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """`folder` is relative to the root ('' is the root) and is not ignored itself."""
        if name in NEVER:
            return True
        path = f"{folder}/{name}" if folder else name
        if is_folder:
            path += "/"
        for patterns in self._above:
            if (verdict := patterns.verdict(path)) is not None:
                return verdict
        for skip, patterns in self._levels_of(folder):
            if (verdict := patterns.verdict(path[skip:])) is not None:
                return verdict
        for patterns in self._below:
            if (verdict := patterns.verdict(path)) is not None:
                return verdict
        return False

    def reread(self, folder: str) -> None:
        """The folder's own file changed."""
        below = f"{folder}/" if folder else ""
        for known in [known for known in self._levels if known == folder or known.startswith(below)]:
            self.forget(known)

    def forget(self, folder: str) -> None:
        self._levels.pop(folder, None)

    def _levels_of(self, folder: str) -> tuple[tuple[int, _Patterns], ...]:
        """The `.gitignore` files that speak for a folder, its own first; with how much of a path is above each."""
        levels = self._levels.get(folder)
        if levels is None:
            levels = self._levels_of(folder.rpartition("/")[0]) if folder else ()
            skip = len(folder) + 1 if folder else 0
            lines = _lines(f"{self._root}/{folder}/{FILE}", flags=os.O_NOFOLLOW)  # git follows no link here either
            levels = (*((skip, own) for own in _known([lines])), *levels)
            self._levels[folder] = levels
        return levels


class _Patterns:
    """What one source says of a path: ignored, not ignored, or nothing. The last pattern that matches decides."""

    def __init__(self, patterns: Sequence[GitIgnoreSpecPattern]) -> None:
        known = [(pattern.regex, pattern.include) for pattern in patterns if pattern.regex is not None]
        self._last_first = known[::-1]
        # Nearly every path is matched by no pattern: one expression of all of them says so in a fifth of the time.
        # Their groups have names, which one expression could hold only once.
        sources = [re.sub(r"\(\?P<\w+>", "(?:", regex.pattern) for regex, _ in known]
        anchored = [source if source.startswith("^") else f"(?s:.*?)(?:{source})" for source in sources]
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # `[[]`, which means what it always did
            self._any = re.compile("|".join(anchored))

    def verdict(self, path: str) -> bool | None:
        """pathspec's expressions match what is in a matched folder too, and name the slash between. Here each folder
        was judged before, so that only the end of the path counts, as in git."""
        if self._any.match(path):
            for regex, is_ignored in self._last_first:
                found = regex.search(path, 0 if regex.pattern.startswith("^") else len(path) - 1)
                if found and (found.lastgroup is None or found.end() == len(path)):
                    return is_ignored
        return None


def _lines(path: str | Path, *, flags: int = 0) -> list[str]:
    """Of a file that need not be there, and may be a pipe."""

    def opened(path: str, mode: int) -> int:
        return os.open(path, mode | os.O_NONBLOCK | flags)

    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", opener=opened) as file:
            return file.read(_MOST_CHARACTERS).split("\n")
    except OSError:
        return []


def _known(sources: Iterable[Iterable[str]]) -> list[_Patterns]:
    """Lines that are no pattern are passed over, as git does."""
    patterns = ([pattern for line in lines for pattern in _pattern(line)] for lines in sources)
    return [_Patterns(found) for found in patterns if found]


def _pattern(line: str) -> list[GitIgnoreSpecPattern]:
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            pattern = GitIgnoreSpecPattern(line)
    except ValueError:
        return []
    means_nothing = pattern.include is None or line.strip() == "!/"  # which pathspec takes for "everything"
    return [] if means_nothing or len(re.findall(r"\*+", line)) > _MOST_STARS else [pattern]
