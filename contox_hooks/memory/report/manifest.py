"""What manifests and the README say a project is and stands on.

Pure, over their text; a broken manifest says nothing. Invariant: every line is short, and whoever asks knows its file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from contox_hooks.memory.report.telling import one_line

MANIFESTS = ("pyproject.toml", "setup.cfg", "package.json", "Cargo.toml", "go.mod", "composer.json", "Gemfile")
READMES = ("README.md", "README.rst", "README.txt", "README", "readme.md", "Readme.md", "README.adoc")
_MOST = 15
_NAME = re.compile(r"[A-Za-z0-9@][\w./@-]*")
_GO_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+)\s+v\S+\s*$", re.MULTILINE)
_GEM = re.compile(r"""^\s*gem\s+['"]([\w-]+)['"]""", re.MULTILINE)
_INSTALLS = re.compile(r"^install_requires\s*=\s*\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)
_NO_PROSE = re.compile(r"\s*(?:[#=\-~*<>|!\[.:`+{]|https?:|\d+\.|\$ )")
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^<>]{1,200}>")
_LINK = re.compile(
    r"\[([^\]]{1,120})\]\([^)\s]*\)|\[([^\]]{1,120})\]\[[^\]]*\]|`([^`<]{1,80}) <[^>]*>`_+"
    r"|\[(?!redacted:)(\w[^\[\]]{0,80})\]"
)
_LEAST_PROSE = 40
"""Characters under which a paragraph is a slogan or a badge's name."""


def runtime_and_dependencies(path: str, text: str) -> list[str]:
    """One or two lines: what it runs on, what it depends on."""
    try:
        return _told(path.rpartition("/")[2], text)
    except (ValueError, TypeError, AttributeError):
        return []


def introduction(readme: str) -> str | None:
    """The first paragraph of prose."""
    for paragraph in re.split(r"\n\s*\n", readme[:20_000]):
        text = _MARKUP.sub("", _LINK.sub(lambda found: next(filter(None, found.groups())), paragraph))
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines or (_NO_PROSE.match(lines[0]) and not lines[0].startswith(("`", "**", "["))):
            continue
        if any(re.fullmatch(r"([=\-~^*#])\1{2,}\s*", line) for line in lines):
            continue  # a heading with its underline
        told = one_line(text, 400)
        if len(told) >= _LEAST_PROSE and len(told.split()) > 6:
            return told
    return None


def _told(name: str, text: str) -> list[str]:
    if name == "pyproject.toml":
        project = tomllib.loads(text).get("project", {})
        return _lines(f"Python {project['requires-python']}" if "requires-python" in project else "", _names(project.get("dependencies", [])))  # fmt: skip  # noqa: E501
    if name == "setup.cfg":
        found = _INSTALLS.search(text)
        python = re.search(r"^python_requires\s*=\s*(\S+)", text, re.MULTILINE)
        return _lines(f"Python {python[1]}" if python else "", _names(found[1].split("\n") if found else []))
    if name in ("package.json", "composer.json"):
        data = json.loads(text)
        engines: Mapping[str, Any] = data.get("engines", {})
        return _lines(", ".join(f"{key} {value}" for key, value in engines.items()), list(data.get("dependencies", data.get("require", {}))))  # fmt: skip  # noqa: E501
    if name == "Cargo.toml":
        data = tomllib.loads(text)
        version = data.get("package", {}).get("rust-version")
        return _lines(f"Rust {version}" if version else "", list(data.get("dependencies", {})))
    if name == "go.mod":
        go = re.search(r"^go (\S+)", text, re.MULTILINE)
        return _lines(f"Go {go[1]}" if go else "", _GO_REQUIRE.findall(text))
    return _lines("", _GEM.findall(text))


def _names(requirements: list[str]) -> list[str]:
    return [found[0] for each in requirements if (found := _NAME.match(each.strip()))]


def _lines(runtime: str, names: list[str]) -> list[str]:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    depends = f"depends on {', '.join(names[:_MOST])}{more}" if names else ""
    return [one_line(line, 400) for line in (f"runs on {runtime}" if runtime else "", depends) if line]
