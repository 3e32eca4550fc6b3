"""Where an item belongs in memory: its schema key, from the paths it touches and what they are.

The keys are CONTRACT.md section 6's where one fits; the set is open. Invariant: `root/a[/b]`, lower case, hyphens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from contox_hooks.domain.item import ItemType
from contox_hooks.domain.path import path_kind

_TYPE_KEYS: dict[ItemType, str] = {
    "decision": "root/decisions",
    "convention": "root/conventions",
    "architecture": "root/architecture",
    "implementation": "root/implementation",
    "bug": "root/bugs",
    "todo": "root/todo",
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("root/frontend/components", "components component widgets"),
    ("root/frontend/routes", "pages"),
    ("root/frontend/hooks", "hooks"),
    ("root/frontend/stores", "stores"),
    ("root/auth", "auth authentication authorization login oauth jwt permissions"),
    ("root/security", "security crypto csrf secrets redaction"),
    ("root/backend/api", "api apis routes router routers endpoints views handlers controllers graphql"),
    ("root/backend/services", "services service workers jobs tasks"),
    (
        "root/data",
        "db database databases schema schemas orm sql sqlite store storage repositories migrations migration",
    ),
    ("root/cli", "cli commands command cmd bin console __main__"),
    ("root/infra", "deploy deployment terraform docker kubernetes k8s helm ansible infra"),
    ("root/perf", "benchmarks benchmark perf"),
)
_KEY_BY_WORD = {word: key for key, words in _WORDS for word in words.split()}
_FRONTEND = (".tsx", ".jsx", ".vue", ".svelte")
_STYLE = (".css", ".scss", ".sass", ".less")
_MANIFESTS = frozenset({
    "pyproject.toml", "setup.py", "setup.cfg", "package.json", "cargo.toml", "go.mod", "gemfile", "pipfile", "pom.xml",
})  # fmt: skip
_PERFORMANCE = re.compile(
    r"\b(?:perf|performance|faster|speed(?:s|ed)? ?up|slow(?:er|ness)?|optimi[sz]e\w*|cach(?:e|ing))\b", re.I
)


def schema_key(item_type: ItemType, paths: Collection[str], title: str, topics: Iterable[str] = ()) -> str:
    """The key for an item of this type; `topics` are those of its facts (`detail.Fact.topic`)."""
    kinds = Counter(path_kind(path) for path in paths)
    kinds.pop("lock", None)
    told = set(topics)
    if kinds and set(kinds) <= {"test"}:
        return "root/testing"
    if kinds and set(kinds) <= {"doc", "asset"}:
        return "root/docs"
    if kinds and set(kinds) <= {"ci", "doc"}:
        return "root/infra"
    if "dependency" in told and not kinds["source"]:
        return "root/stack"
    if "runtime" in told:
        return "root/stack"
    if item_type == "convention":
        return _TYPE_KEYS[item_type]
    sources = [path for path in paths if path_kind(path) in ("source", "migration")]
    votes: Counter[str] = Counter()
    for path in sources:
        key = _key_of(path)
        if key:
            votes[key] += 1
    if votes:
        key, count = min(votes.items(), key=lambda entry: (-entry[1], entry[0]))
        if count * 2 > len(sources):
            return key
    if "api" in told:
        return "root/backend/api"
    if "cli" in told:
        return "root/cli"
    if item_type != "bug" and _PERFORMANCE.search(title):
        return "root/perf"
    if not sources and paths:
        if all(path.rpartition("/")[2].lower() in _MANIFESTS or path_kind(path) in ("doc", "ci") for path in paths):
            return "root/stack"
        if kinds["ci"] or kinds["config"]:
            return "root/infra" if item_type != "decision" else _TYPE_KEYS[item_type]
    return _TYPE_KEYS[item_type]


def _key_of(path: str) -> str | None:
    if path_kind(path) == "migration":
        return "root/data"
    lower = path.lower()
    if lower.endswith(_STYLE):
        return "root/frontend/ui"
    parts = [part for part in lower.replace(".", "/").split("/") if part]
    for part in reversed(parts):
        key = _KEY_BY_WORD.get(part) or _KEY_BY_WORD.get(part.strip("_"))
        if key and (not key.startswith("root/frontend/") or lower.endswith((*_FRONTEND, ".ts", ".js"))):
            return key
    return "root/frontend/ui" if lower.endswith(_FRONTEND) else None
