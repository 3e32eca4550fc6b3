"""The oldest version of its language that a project runs on, as an item states it: the newest statement holds.

Pure text. Knows where Rust, Python, Node and Go projects declare it. Invariant: an item speaks of nothing else only
when every word of its title does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contox_hooks.domain.item import IN_THE_CODE

_KEYS = {
    "rust-version": "rust", "requires-python": "python", "python_requires": "python", "node": "node", "go": "go",
}  # fmt: skip
_MANIFESTS = {
    "cargo.toml": "rust", "pyproject.toml": "python", "setup.cfg": "python", "setup.py": "python",
    "package.json": "node", "go.mod": "go",
}  # fmt: skip
_LINE = re.compile(r"^- (?P<path>[^\s:]+): (?P<told>.+)$", re.MULTILINE)
_SET = re.compile(
    r"`(?P<key>[\w-]+)` (?:goes )?from `[^`]+` to `(?P<moved>[^`]+)`"
    r"|sets `(?P<set>[\w-]+) ?[=:] ?(?P<value>[^`]+)`"
    r"|becomes `\"?(?P<line>[\w-]+)\"? ?[=:] ?(?P<rest>[^`]+)`"
)
_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+)*)(?![\w-])")
_BOUND = re.compile(r"(?:^|[\"'\s,])(?:>=?|={2,3}|\^|~=?)?\s*v?(\d+(?:\.\d+)*)")
"""A version that is allowed, not one that `<` or `!=` keeps out."""
_ASIDE = re.compile(r"\s*\([^()]*\)")
_NAMED = re.compile(
    r"\bmsrv\b|\bmin(?:imum|imal)?\b.{0,24}\b(?:rust|rustc|python|node|node\.js|go|golang|runtime)\b.{0,12}\bversions?\b"
    r"|\b(?:rust-version|requires-python|python_requires)\b",
    re.IGNORECASE,
)
_LANGUAGES = {
    "msrv": "rust", "rust": "rust", "rustc": "rust", "rust-version": "rust", "python": "python",
    "requires-python": "python", "python_requires": "python", "node": "node", "nodejs": "node", "node.js": "node",
    "go": "go", "golang": "go",
}  # fmt: skip
_SHORT_PYTHON = re.compile(r"py\d{2,3}\+?")
_WORD = re.compile(r"[\w.+-]*\w")
_ONLY = re.compile(
    r"(?:msrv|rustc?|rust-version|c?python|requires-python|python_requires|node(?:js|\.js)?|go(?:lang)?|engines?|runtime|"
    r"min(?:imum|imal)?|versions?|support(?:ed)?|old(?:er)?|eol|end|life|newer|later|oldest|"
    r"bump|set|update|upgrade|raise|increase|lower|require|drop|remove|move|change|use|to|from|for|in|on|of|the|our|and|up|"
    r"cargo|ci|build|deps|chore|feat|project|package|cargo\.toml|pyproject\.toml|setup\.(?:py|cfg)|package\.json|go\.mod|"
    r"v?\d+(?:\.\d+)*|py\d{2,3}\+?|goes|becomes)(?:s|ed|d)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Floor:
    language: str
    folder: str
    """Of the manifest: each package of a repository has its own. Empty at the root."""
    version: tuple[int, ...]
    is_all: bool
    """Whether the item says nothing else, so that a newer floor takes its place."""

    @property
    def subject(self) -> tuple[str, str]:
        return self.language, self.folder


def floor_of(title: str, facts: str) -> Floor | None:
    """What its manifest declares, else what a title says that names it: `msrv: bump to Rust 1.65`."""
    told = facts.partition(f"\n{IN_THE_CODE}")[0]
    title = _ASIDE.sub("", title)
    is_all = all(_ONLY.fullmatch(word) for word in _WORD.findall(title)) and _language(title) is not None
    declared = _declared(told)
    if declared is not None:
        language, folder, version = declared
        return Floor(language, folder, version, is_all and _language(title) == language)
    found = _VERSION.findall(title)
    if len(found) != 1 or not _NAMED.search(title) or not is_all:
        return None
    return Floor(_language(title) or "", "", _parts(found[0]), True)


def _declared(facts: str) -> tuple[str, str, tuple[int, ...]] | None:
    """Of the manifest nearest the root."""
    found = []
    for line in _LINE.finditer(facts):
        folder, _, name = line["path"].rpartition("/")
        language = _MANIFESTS.get(name.lower())
        for match in _SET.finditer(line["told"]) if language else ():
            key = (match["key"] or match["set"] or match["line"]).lower()
            version = _BOUND.search(match["moved"] or match["value"] or match["rest"])
            if language and _KEYS.get(key) == language and version:
                found.append((folder.count("/") + bool(folder), folder, language, _parts(version[1])))
    if not found:
        return None
    _, folder, language, version_parts = min(found)
    return language, folder, version_parts


def _language(title: str) -> str | None:
    """The one language that a title names."""
    words = ["python" if _SHORT_PYTHON.fullmatch(word) else word for word in _WORD.findall(title.lower())]
    named = {_LANGUAGES[word] for word in words if word in _LANGUAGES}
    return named.pop() if len(named) == 1 else None


def _parts(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)
