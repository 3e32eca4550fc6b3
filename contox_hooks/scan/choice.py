"""Which files of a tree are read, for what, and why the others are not. Decided from names alone.

Pure. Invariant: every entry gets one answer; whatever is not read is counted under a reason that people understand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from contox_hooks.domain.path import Exclusions, path_kind
from contox_hooks.git.listing import Entry
from contox_hooks.memory.report.onboarding import LANGUAGES
from contox_hooks.pipeline.source.language import reader_of
from contox_hooks.scan.manifest import is_manifest
from contox_hooks.scan.practice import is_practice

Role = Literal["source", "manifest", "practice", "readme"]

MAX_FILES: Final = 25_000
"""Files read of one tree; five times what issue 6 asks to be read within a minute."""

_ASIDE: Final = re.compile(
    r"(?:^|/)(?:docs?|documentation|docs_src|examples?|samples?|demos?|fixtures?|templates?|benchmarks?|bench(?:es)?|fuzz|playgrounds?|"
    r"testdata|test[-_]?fixtures|integration[-_]tests?|e2e|__fixtures__|cassettes|stubs|contrib|www)/",
    re.IGNORECASE,
)
"""What stands there is shown, copied or measured: it is not how the project is built, unless it is all there is."""
_TESTED: Final = re.compile(r"(?:^|/)(?:tests?|__tests__|specs?|testdata|fixtures)/|^integration/", re.IGNORECASE)
"""Manifests and workflows of tests are no more the project's than their sources."""
_INSIDE: Final = re.compile(r"(?:^|/)(?:src|lib|app|apps|main|pkg|internal)/")
_README: Final = re.compile(r"readme(?:\.(?:md|rst|txt|adoc))?", re.IGNORECASE)
_WHY: Final = {
    "lock": "lock files", "generated": "generated or vendored", "asset": "binaries and data", "doc": "documents",
    "config": "other configuration", "other": "of no known kind", "test": "tests (counted)",
}  # fmt: skip


@dataclass(slots=True)
class Chosen:
    read: list[tuple[Entry, Role]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """The project's own code, read or not."""
    tests: list[str] = field(default_factory=list)
    tracked: list[str] = field(default_factory=list)
    """All that is not excluded."""
    skipped: Counter[str] = field(default_factory=Counter)


def choose(entries: Iterable[Entry], exclusions: Exclusions, *, contents: bool = True) -> Chosen:
    """Without `contents` no file is read: names alone are told."""
    chosen = Chosen()
    here = []
    for entry in entries:
        if exclusions.matches(entry.path):
            chosen.skipped["excluded by the settings"] += 1
        else:
            here.append(entry)
    has_other_code = any(entry.is_file and _is_code(entry.path) and not is_aside(entry.path) for entry in here)
    for entry in here:
        if not entry.is_file:
            chosen.skipped["links and submodules"] += 1
            continue
        chosen.tracked.append(entry.path)
        role = _role(entry.path, chosen, has_other_code=has_other_code)
        if role is None:
            continue
        if not contents:
            chosen.skipped["no content is kept (diffs is false)"] += 1
        elif len(chosen.read) < MAX_FILES:
            chosen.read.append((entry, role))
        else:
            chosen.skipped[f"beyond the first {MAX_FILES:,}"] += 1
    return chosen


def is_aside(path: str) -> bool:
    """Not below a folder of sources: `src/main/java/org/springframework/samples` is a package's name."""
    match = _ASIDE.search(path)
    return match is not None and not _INSIDE.search(path[: match.start() + 1])


def _is_code(path: str) -> bool:
    """Of the project's own: no test, no dot folder's."""
    is_known = path.rpartition(".")[2].lower() in LANGUAGES and path[0] != "."
    return is_known and path_kind(path) == "source" and not _TESTED.search(path)


def _role(path: str, chosen: Chosen, *, has_other_code: bool) -> Role | None:
    kind = path_kind(path)
    if kind in ("lock", "generated", "asset"):
        chosen.skipped[_WHY[kind]] += 1
    elif "/" not in path and _README.fullmatch(path):
        return "readme"
    elif kind == "test":
        chosen.tests.append(path)
        chosen.skipped[_WHY[kind]] += 1
    elif _TESTED.search(path):
        chosen.skipped[_WHY["test"]] += 1
    elif kind == "migration" and not path.endswith(".sql"):
        chosen.skipped["migrations"] += 1
    elif has_other_code and is_aside(path):
        chosen.skipped["examples, templates, benchmarks, docs"] += 1
    elif is_manifest(path):
        return "manifest"
    elif kind == "ci" or is_practice(path):
        return "practice"
    elif kind in ("source", "migration"):
        if path.rpartition(".")[2].lower() in LANGUAGES and kind == "source" and path[0] != ".":
            chosen.sources.append(path)
        if reader_of(path) is not None:
            return "source"
        chosen.skipped["in a language that is not read"] += 1
    elif reader_of(path) is not None:
        return "source"  # a description of an interface
    else:
        chosen.skipped[_WHY[kind]] += 1
    return None
