"""Dependencies that a patch to a manifest adds, drops or moves to other versions.

Knows pyproject.toml, setup.cfg, setup.py, requirements files, package.json, Cargo.toml, go.mod, Gemfiles, the images of
Dockerfiles and of CI, and the actions of CI. Invariant: a change is
reported only when its line says the version, so that lists of other things are not taken for dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote, removed_quote

_BOUND = r"(?:===|[<>=!~]=|[<>])\s*[\w.*+!-]+"
_PYTHON_LINE = re.compile(
    r"""\s*["']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[\w, -]*\])?\s*"""
    rf"(?P<version>{_BOUND}(?:\s*,\s*{_BOUND})*)"
)
_TABLE_ENTRY = r"""(?P<name>[A-Za-z0-9][\w.-]*)\s*=\s*(?:\{.{0,80}?\bversion\s*=\s*)?"""
_CARGO_LINE = re.compile(_TABLE_ENTRY + r"""["'](?P<version>[\^~<>=*\d][\w.,^~<>=* -]*)["']""")
_POETRY_LINE = re.compile(_TABLE_ENTRY + r"""["'](?P<version>(?:[\^~]|[<>=!]=?)[\w.,^~<>=!* -]*)["']""")
_GEM_LINE = re.compile(r"""\s*gem ["'](?P<name>[\w.-]+)["'],\s*["'](?P<version>(?:[~<>=]+ ?)?\d[\w.]*)["']""")
_IMAGE_LINE = re.compile(
    r"\s*FROM\s+(?:--\S+\s+)?(?P<name>[\w./-]+(?::\d+/[\w./-]+)?)[:@](?P<version>[\w.:-]+)", re.IGNORECASE
)
_CI_LINE = re.compile(
    r"""\s*(?:- )?(?:uses|image):\s*["']?(?P<name>[\w-][\w./-]*?)[:@](?P<version>[\w.-]+)["']?\s*(?:#.*)?$"""
)
_RANGE = r"[\^~<>=v]*\s*(?:\d[\w.+*-]*|\*)"
_PACKAGE_LINE = re.compile(
    rf"""\s*"(?P<name>@?[\w./-]+)":\s*"(?P<version>{_RANGE}(?:(?:\s*\|\|\s*|\s+-\s+|\s*,\s*|\s+){_RANGE})*|latest|next|"""
    r"""(?:workspace|npm|file|link|catalog|github|git\+\w+):[^"\s]*)",?\s*$"""
)
_CARGO_TABLE = re.compile(r"\s*\[(?P<table>.+)\]\s*(?:#.*)?$")
_CARGO_DEPENDENCY_TABLE = re.compile(r"(?:.+\.)?(?:dev-|build-)?dependencies\.[\"']?(?P<name>[\w-]+)[\"']?")
"""`[target.'cfg(unix)'.dependencies.libc]`: a dependency with a table of its own."""
_VERSION_LINE = re.compile(r"""\s*version\s*=\s*["'](?P<version>[^"']{1,60})["']""")
_GO_LINE = re.compile(r"\s*(?:require\s+)?(?P<name>[\w.-]+\.[a-z]+/\S+|(?<!\S)go)\s+(?P<version>v?\d\S*)")
_NOT_DEPENDENCIES = frozenset({
    "version", "python", "requires-python", "python_requires", "python-requires", "node", "npm", "edition",
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
    return bool(_patterns_of(path)) and path_kind(path) != "ci"


def dependency_changes(patch: FilePatch) -> list[DependencyChange]:
    patterns = _patterns_of(patch.path)
    before, after = _versions(patch.removed, patterns), _versions(patch.added, patterns)
    if _CARGO_LINE in patterns:
        before = {**_tabled(patch, "-"), **before}
        after = {**_tabled(patch, "+"), **after}
    changes = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old and new and old[0] == new[0]:
            continue
        lines = tuple(side[1] for side in (old, new) if side)
        quote = added_quote(new[1]) if new else removed_quote(lines[0])
        changes.append(DependencyChange(name, old[0] if old else None, new[0] if new else None, lines, quote))
    return changes


def _patterns_of(path: str) -> tuple[re.Pattern[str], ...]:
    name = path.rpartition("/")[2].lower()
    if name == "pyproject.toml":
        return _PYTHON_LINE, _POETRY_LINE
    if name in ("setup.cfg", "setup.py") or ("requirements" in path.lower() and name.endswith((".txt", ".in"))):
        return (_PYTHON_LINE,)
    if "dockerfile" in name or name == "containerfile":
        return (_IMAGE_LINE,)
    if name in _PATTERN_BY_NAME:
        return (_PATTERN_BY_NAME[name],)
    return (_CI_LINE,) if path_kind(path) == "ci" and name.endswith((".yml", ".yaml")) else ()


_PATTERN_BY_NAME = {
    "package.json": _PACKAGE_LINE, "cargo.toml": _CARGO_LINE, "go.mod": _GO_LINE, "gemfile": _GEM_LINE,
    "pipfile": _CARGO_LINE,
}  # fmt: skip


def _versions(lines: list[str], patterns: Sequence[re.Pattern[str]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in lines:
        match = next(filter(None, (pattern.match(line) for pattern in patterns)), None)
        if match and (match.re in (_IMAGE_LINE, _CI_LINE) or match["name"].lower() not in _NOT_DEPENDENCIES):
            found.setdefault(match["name"], (match["version"].replace(" ", ""), line.strip()))
    return found


def _tabled(patch: FilePatch, mark: str) -> dict[str, tuple[str, str]]:
    """Of Cargo's dependencies with a table of their own, what `mark`'s side of the patch says."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in patch.lines:
        if line.mark in (mark, " ", "@") and (table := _CARGO_TABLE.match(line.text)):
            named = _CARGO_DEPENDENCY_TABLE.fullmatch(table["table"])
            name = named["name"] if named else ""
        elif line.mark == "@":
            name = ""
        elif name and line.mark == mark and (match := _VERSION_LINE.match(line.text)):
            found.setdefault(name, (match["version"], line.text.strip()))
    return found


def _joined(name: str, version: str | None) -> str:
    version = version or ""
    return f"{name}{version}" if version[:1] in "<>=!~" else f"{name} {version}"
