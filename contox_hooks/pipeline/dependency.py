"""Dependencies that a patch to a manifest adds, drops or moves to other versions.

Knows pyproject.toml, setup.cfg, setup.py, requirements files, package.json, Cargo.toml, go.mod. Invariant: a change is
reported only when its line says the version, so that lists of other things are not taken for dependencies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote, removed_quote

_BOUND = r"(?:===|[<>=!~]=|[<>])\s*[\w.*+!-]+"
_PYTHON_LINE = re.compile(
    r"""\s*["']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[\w, -]*\])?\s*"""
    rf"(?P<version>{_BOUND}(?:\s*,\s*{_BOUND})*)"
)
_CARGO_LINE = re.compile(r"""(?P<name>[A-Za-z0-9][\w.-]*)\s*=\s*["'](?P<version>[\^~<>=*\d][\w.,^~<>=* -]*)["']""")
_PACKAGE_LINE = re.compile(
    r"""\s*"(?P<name>@?[\w./-]+)":\s*"(?P<version>[\^~<>=]*\d[\w.+-]*|workspace:\S+|\*)",?\s*$"""
)
_GO_LINE = re.compile(r"\s*(?:require\s+)?(?P<name>[\w.-]+\.[a-z]+/\S+)\s+(?P<version>v\d\S*)")
_NOT_DEPENDENCIES = frozenset({
    "version", "python", "requires-python", "python_requires", "python-requires", "node", "npm", "edition", "go",
    "rust-version", "target-version", "python_version", "minversion", "fail_under", "line-length",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DependencyChange:
    name: str
    before: str | None
    after: str | None
    lines: tuple[str, ...]
    """The lines that show it, white space stripped: the removed one, the added one."""
    quote: str
    """The added line as evidence; the removed one when nothing was added."""

    @property
    def text(self) -> str:
        if self.before is None:
            return f"adds dependency `{_joined(self.name, self.after)}`"
        if self.after is None:
            return f"drops dependency `{_joined(self.name, self.before)}`"
        return f"moves dependency `{self.name}` from `{self.before}` to `{self.after}`"


def is_manifest(path: str) -> bool:
    return _pattern_of(path) is not None


def dependency_changes(patch: FilePatch) -> list[DependencyChange]:
    pattern = _pattern_of(patch.path)
    if pattern is None:
        return []
    before, after = _versions(patch.removed, pattern), _versions(patch.added, pattern)
    changes = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old and new and old[0] == new[0]:
            continue
        lines = tuple(side[1] for side in (old, new) if side)
        quote = added_quote(new[1]) if new else removed_quote(lines[0])
        changes.append(DependencyChange(name, old[0] if old else None, new[0] if new else None, lines, quote))
    return changes


def _pattern_of(path: str) -> re.Pattern[str] | None:
    name = path.rpartition("/")[2].lower()
    if name in ("pyproject.toml", "setup.cfg", "setup.py"):
        return _PYTHON_LINE
    if "requirements" in path.lower() and name.endswith((".txt", ".in")):
        return _PYTHON_LINE
    if name == "package.json":
        return _PACKAGE_LINE
    if name == "cargo.toml":
        return _CARGO_LINE
    return _GO_LINE if name == "go.mod" else None


def _versions(lines: list[str], pattern: re.Pattern[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in lines:
        match = pattern.match(line)
        if match and match["name"] and match["name"].lower() not in _NOT_DEPENDENCIES:
            found.setdefault(match["name"], (match["version"].replace(" ", ""), line.strip()))
    return found


def _joined(name: str, version: str | None) -> str:
    version = version or ""
    return f"{name}{version}" if version[:1] in "<>=!~" else f"{name} {version}"
