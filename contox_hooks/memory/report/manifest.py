"""What manifests and the README say a project is and stands on.

Pure, over their text; a broken manifest says nothing. Invariant: every line is short, and whoever asks knows its file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice
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
    r"\[([^\]]{1,120})\]\([^)\s]*\)|\[([^\]]{1,120})\]\[[^\]]*\]|`([^`<]{1,80}) <[^>]*>`_+|`([^`<>]{1,80})`_+"
    r"|\[(?!redacted:)(\w[^\[\]]{0,80})\]"
)
_HTML_BLOCK = re.compile(
    r"<(div|kbd|p|table|sup|sub|details|center|picture|h[1-6])\b[^<>]{0,300}>(?:(?!<\1\b).)*?</\1>",
    re.IGNORECASE | re.DOTALL,
)
"""The innermost; banners, badges and advertisements stand in such blocks."""
_UNDERLINE = re.compile(r"([=\-~^*#\"'`+])\1{2,}\s*")
_IS_SOMETHING = re.compile(r"^.{0,80}?\b[\w.()`*-]+ (?:is|are) (?:a|an|the)\b")
_LOOKED_AT = 3
"""Paragraphs of prose; further down it is about something else."""
_LEAST_PROSE = 40
"""Characters under which a paragraph is a slogan or a badge's name."""


def runtime_and_dependencies(path: str, text: str) -> list[str]:
    """One or two lines: what it runs on, what it depends on."""
    try:
        return _told(path.rpartition("/")[2], text)
    except (ValueError, TypeError, AttributeError):
        return []


def introduction(readme: str) -> str | None:
    """The paragraph among the first that says what something is, else the first of prose; one inside of HTML blocks
    only where no other is."""
    text = readme[:20_000].replace("\r\n", "\n")
    outside = text
    while (without := _HTML_BLOCK.sub("", outside)) != outside:
        outside = without
    return _first_prose(outside) or _first_prose(text)


def _first_prose(readme: str) -> str | None:
    first = list(islice(_prose(readme), _LOOKED_AT))
    return next(filter(_IS_SOMETHING.search, first), None) or next(iter(first), None)


def _prose(readme: str) -> Iterator[str]:
    for whole in re.split(r"\n\s*\n", readme):
        paragraph = _without_heading(whole)
        text = _MARKUP.sub("", _LINK.sub(lambda found: next(filter(None, found.groups())), paragraph))
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines or (_NO_PROSE.match(lines[0]) and not lines[0].startswith(("`", "**", "["))):
            continue
        told = one_line(text, 400)
        if len(told) >= _LEAST_PROSE and len(told.split()) > 6:
            yield told


def _without_heading(paragraph: str) -> str:
    """Without the headings that a paragraph starts with, underlined or marked with `#`."""
    lines = [line for line in paragraph.split("\n") if line.strip()]
    while lines:
        if re.match(r"#{1,6} ", lines[0]) or _UNDERLINE.fullmatch(lines[0]):
            del lines[0]
        elif len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]):
            del lines[:2]
        else:
            break
    return "\n".join(lines)


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
        return _lines(", ".join(f"{key} {value}" for key, value in engines.items() if isinstance(value, str)), list(data.get("dependencies", data.get("require", {}))))  # fmt: skip  # noqa: E501
    if name == "Cargo.toml":
        data = tomllib.loads(text)
        workspace: Mapping[str, Any] = data.get("workspace", {})
        version = data.get("package", {}).get("rust-version")
        if not isinstance(version, str):  # a member says `rust-version.workspace = true`
            version = workspace.get("package", {}).get("rust-version", "")
        names = data.get("dependencies") or workspace.get("dependencies", {})
        return _lines(f"Rust {version}" if version else "", list(names))
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
