"""A guide for who is new: nine sections, from memory, git and the project's own first words.

Pure. Invariant: every statement says what it stands on: an item with its commit, a file, or git's count; each section
is bounded, and what did not fit is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.item import Item
from contox_hooks.domain.path import path_kind
from contox_hooks.memory.report.manifest import introduction, runtime_and_dependencies
from contox_hooks.memory.report.module import Modules, is_code
from contox_hooks.memory.report.prose import Prose, cited_prose, no_usage
from contox_hooks.memory.report.telling import DAY_S, commit_of, counted, day, iso, one_line, telling_lines

RECENT_COMMITS = 1000
"""How far back "often changed" looks."""
WORK_DAYS = 90
"""Before the latest commit: what is under work."""
MAX_BECAUSE = 140
"""Characters of code told of an item: longer before-and-after lines are for the item's own page."""
MAX_ITEMS, MAX_PLACES = 12, 10
"""Items, and files or modules, a section."""
LANGUAGES = {
    "py": "Python", "pyi": "Python", "js": "JavaScript", "jsx": "JavaScript", "mjs": "JavaScript", "ts": "TypeScript",
    "tsx": "TypeScript", "go": "Go", "rs": "Rust", "java": "Java", "kt": "Kotlin", "c": "C", "h": "C", "cc": "C++",
    "cpp": "C++", "hpp": "C++", "rb": "Ruby", "php": "PHP", "sh": "Shell", "sql": "SQL", "cs": "C#", "swift": "Swift",
    "scala": "Scala", "pl": "Perl", "pm": "Perl", "vue": "Vue", "html": "HTML", "css": "CSS", "ex": "Elixir",
}  # fmt: skip
_READ_FIRST = ("readme", "contributing", "architecture", "development", "hacking")
_ASIDE = ("docs", "doc", "example", "examples", "samples", "benchmarks", "scripts", "tools")
"""Folders beside the project itself."""
_RUNNERS = {
    "tox.ini": "tox", "noxfile.py": "nox", "Makefile": "make", "justfile": "just", "package.json": "npm test",
    "Cargo.toml": "cargo test", "go.mod": "go test ./...", "pom.xml": "mvn test", "Rakefile": "rake",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    content: str
    """Markdown: a list, one statement a line."""
    key_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """What a guide is made from."""

    items: Sequence[Item]
    """Active and in review, the most important first."""
    touches: Sequence[Touch]
    """Newest first."""
    touches_cut: bool
    """Whether there are older ones."""
    tracked: Sequence[str]
    users: Mapping[str, frozenset[str]]
    """File to the files that import it."""
    texts: Mapping[str, str]
    """README and manifests, by path."""


@dataclass(frozen=True, slots=True)
class Guide:
    project_name: str
    sections: tuple[Section, ...]
    generated_at: int
    """Seconds since the epoch."""
    items_used: int
    prose: Prose | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Its statements, for a model: of every section some, before the next ones of any."""
        by_section = [
            [f"{each.title}: {line.removeprefix('- ')}" for line in each.content.split("\n") if line.startswith("- ")]
            for each in self.sections
        ]
        return tuple(line for some in zip_longest(*by_section) for line in some if line is not None)

    def to_wire(self) -> dict[str, Any]:
        """CONTRACT.md section 1.4, and `prose`."""
        return {
            "guide": {
                "sections": [
                    {"id": each.id, "title": each.title, "content": each.content, "keyFiles": list(each.key_files)}
                    for each in self.sections
                ],
                "generatedAt": iso(self.generated_at),
                "itemsUsed": self.items_used,
                "usage": no_usage() if self.prose is None else self.prose.usage,
            },
            "prose": None if self.prose is None else self.prose.to_wire(),
            "projectName": self.project_name,
        }

    def markdown(self) -> str:
        told = [] if self.prose is None else ["\n".join(cited_prose(self.prose))]
        parts = [f"# New to {one_line(self.project_name)}", *told, *(f"## {each.title}\n\n{each.content}" for each in self.sections)]  # fmt: skip  # noqa: E501
        return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def guide_of(project_name: str, sources: Sources, *, generated_at: int) -> Guide:
    """Always the nine sections of the contract; one that has nothing to say says so."""
    cite = _Cite(sources.items)
    writing: tuple[tuple[str, str, Callable[[Sources, _Cite], tuple[list[str], list[str]]]], ...] = (
        ("what-it-is", "What it is", _what),
        ("stack", "Stack", _stack),
        ("architecture", "Architecture", _architecture),
        ("decisions", "Decisions", _decisions),
        ("conventions", "Conventions", _conventions),
        ("areas", "Under work", _areas),
        ("gotchas", "Gotchas", _gotchas),
        ("start", "Where to start", _start),
        ("key-files", "Key files", _key_files),
    )
    sections = []
    for name, title, write in writing:
        lines, files = write(sources, cite)
        content = "\n".join(f"- {line}" if not line.startswith("_") else f"\n{line}" for line in lines)
        sections.append(Section(name, title, content or "_Nothing is known of this yet._", tuple(files[:MAX_PLACES])))
    return Guide(project_name, tuple(sections), generated_at, len(cite.used))


class _Cite:
    """How statements name their items: as few characters of the id as tell them all apart, at least ten."""

    def __init__(self, items: Iterable[Item]) -> None:
        ids = [item.id for item in items]
        self._length = next((size for size in range(10, 26) if len({each[:size] for each in ids}) == len(ids)), 26)
        self.used: set[str] = set()

    def __call__(self, item: Item) -> str:
        self.used.add(item.id)
        commit = commit_of(item)
        return f"({day(item.at_utc)}{f', commit {commit}' if commit else ''}, item {item.id[: self._length]})"


def _what(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    for path, text in sources.texts.items():
        if path_kind(path) == "doc" and (told := introduction(text)):
            return [f"{told} ({path})", *_age(sources)], [path]
    return _age(sources), []


def _age(sources: Sources) -> list[str]:
    touches = sources.touches
    if not touches:
        return []
    first, latest = day(touches[-1].at_utc), day(touches[0].at_utc)
    span = f", the latest of {latest}" if sources.touches_cut else f" between {first} and {latest}"
    more = "more than " if sources.touches_cut else ""
    return [f"{more}{counted(len(touches), 'commit')}{span}, {counted(len(sources.tracked), 'file')} (git)"]


def _stack(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    counts = Counter(
        language
        for path in sources.tracked
        if path_kind(path) in ("source", "test", "migration") and (language := LANGUAGES.get(_suffix(path)))
    )
    languages = ", ".join(f"{name} ({counted(count, 'file')})" for name, count in _ranked(counts)[:5])
    lines = [f"{languages} (git)"] if languages else []
    files = []
    for path, text in sources.texts.items():
        told = [] if path_kind(path) == "doc" else runtime_and_dependencies(path, text)
        lines += [f"{line} ({path})" for line in told]
        files += [path] if told else []
    chosen = [
        item
        for item in sources.items
        if item.schema_key == "root/stack" and item.status == "active" and item.importance >= 3
    ]
    return [*lines, *_items(chosen, cite, "root/stack", most=6)], files


def _architecture(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    modules = Modules(sources.tracked)
    folders: Counter[str] = Counter()
    for path in sources.tracked:
        if is_code(path) and path.partition("/")[0] not in _ASIDE and not path.startswith("."):
            folders[path.rpartition("/")[0] or "."] += 1
    lines = []
    for folder, count in _ranked(folders)[:MAX_PLACES]:
        inside = [path for path in sources.tracked if (path.rpartition("/")[0] or ".") == folder and is_code(path)]
        most = max(inside, key=lambda path: (_used(path, sources), path))
        used = _used(most, sources)
        told = f"; most used: {most.rpartition('/')[2]}, by {counted(used, 'file')}" if used > 1 and count > 1 else ""
        lines.append(f"`{folder}`: {counted(count, 'source file')}{told} (git)")
    if len(folders) > MAX_PLACES:
        lines.append(f"and {counted(len(folders) - MAX_PLACES, 'smaller folder')} (git)")
    chosen = [item for item in sources.items if item.type == "architecture" and item.status == "active"]
    files = [path for item in chosen for path in item.files if is_code(path)]
    files = [path for path in dict.fromkeys(files) if path in set(sources.tracked) and modules.of(path)]
    return [*lines, *_items(chosen, cite, "architecture")], files


def _decisions(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    return _of_type(sources, cite, "decision")


def _conventions(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    return _of_type(sources, cite, "convention")


def _of_type(sources: Sources, cite: _Cite, kind: str) -> tuple[list[str], list[str]]:
    chosen = [item for item in sources.items if item.type == kind and item.status == "active"]
    return _items(chosen, cite, kind), list(dict.fromkeys(path for item in chosen for path in item.files[:2]))


def _areas(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    if not sources.touches:
        return [], []
    since = sources.touches[0].at_utc - WORK_DAYS * DAY_S
    modules = Modules(sources.tracked)
    present = {modules.of(path) for path in sources.tracked}
    commits: Counter[str] = Counter()
    for touch in sources.touches:
        if touch.at_utc >= since:
            commits.update({modules.of(path) for path in touch.paths if is_code(path)} & present)
    newest: dict[str, Item] = {}
    for item in sorted(sources.items, key=lambda item: (-item.at_utc, item.id)):
        for path in item.files:
            if is_code(path) and item.at_utc >= since and item.type != "todo":
                newest.setdefault(modules.of(path), item)
    lines = []
    for module, count in _ranked(commits)[:MAX_PLACES]:
        latest = newest.get(module)
        told = f": latest, {one_line(latest.title, 120)} {cite(latest)}" if latest else " (git)"
        lines.append(f"`{module}`, {counted(count, 'commit')} in {WORK_DAYS} days{told}")
    return lines, [module for module, _ in _ranked(commits)]


def _gotchas(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    doubtful = [item for item in sources.items if item.status == "review"]
    breaking = [item for item in sources.items if "breaking-change" in item.tags and item.status == "active"]
    bugs = [item for item in sources.items if item.type == "bug" and item.status == "active" and item.rationale]
    lines = [
        f"Breaking: {one_line(item.impact or item.title).removeprefix('Breaking: ')} {cite(item)}"
        for item in breaking[:5]
    ]
    lines += [f"Fixed before: {_told(item)} {cite(item)}" for item in bugs[:MAX_ITEMS]]
    lines += [
        f"May no longer hold: {one_line(item.title, 120)}"
        f"{f' ({one_line(item.status_reason, 160)})' if item.status_reason else ''} {cite(item)}"
        for item in doubtful[:3]
    ]
    if len(doubtful) > 3:
        lines.append(f"_{len(doubtful) - 3} more may no longer hold: contox-hooks review_")
    return lines, list(dict.fromkeys(path for item in (*breaking, *bugs) for path in item.files[:2]))


def _start(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    read = [
        path for path in sources.tracked
        if path.count("/") <= 1 and path_kind(path) == "doc"
        and path.rpartition("/")[2].lower().partition(".")[0] in _READ_FIRST
        and path.partition("/")[0] in (path, "docs", "doc", ".github")
    ]  # fmt: skip
    read.sort(key=lambda path: (_READ_FIRST.index(path.rpartition("/")[2].lower().partition(".")[0]), path))
    lines = [f"Read {', '.join(read[:4])} (git)"] if read else []
    runners = [f"{how} ({path})" for path, how in _RUNNERS.items() if path in set(sources.tracked)]
    runners += [
        f"{tool} (pyproject.toml)"
        for tool in ("tox", "pytest")
        if f"[tool.{tool}" in sources.texts.get("pyproject.toml", "")
    ]
    tests = Counter(path.partition("/")[0] for path in sources.tracked if path_kind(path) == "test" and "/" in path)
    if tests:
        where, count = _ranked(tests)[0]
        lines.append(f"Tests are in `{where}`, {counted(count, 'file')}{f'; run: {runners[0]}' if runners else ''} (git)")  # fmt: skip  # noqa: E501
    elif runners:
        lines.append(f"Run: {runners[0]} (git)")
    central = _central(sources)[:3]
    if central:
        lines.append(f"Then read what most of the rest uses: {', '.join(f'`{path}`' for path in central)} (git)")
    todos = [item for item in sources.items if item.type == "todo" and item.status == "active"]
    lines += [f"Left open: {one_line(item.title, 160).removeprefix('TODO: ')} {cite(item)}" for item in todos[:3]]
    return lines, [*read[:4], *central]


def _key_files(sources: Sources, cite: _Cite) -> tuple[list[str], list[str]]:
    changes = _changes(sources)
    looked = min(len(sources.touches), RECENT_COMMITS)
    central = _central(sources)[:MAX_PLACES]
    lines = [
        f"`{path}`: {_use(path, sources)}changed in {changes[path]} of the last {counted(looked, 'commit')} (git)"
        for path in central
    ]
    return lines, central


def _central(sources: Sources) -> list[str]:
    """Sources by how many files use them and how often they change: ranks added, so that neither drowns the other."""
    changes = _changes(sources)
    code = [path for path in sources.tracked if path_kind(path) == "source" and (changes[path] or _used(path, sources))]
    by_use = {path: rank for rank, path in enumerate(sorted(code, key=lambda path: (-_used(path, sources), path)))}
    by_change = {path: rank for rank, path in enumerate(sorted(code, key=lambda path: (-changes[path], path)))}
    return sorted(code, key=lambda path: (by_use[path] + by_change[path], path))


def _changes(sources: Sources) -> Counter[str]:
    return Counter(path for touch in sources.touches[:RECENT_COMMITS] for path in touch.paths)


def _used(path: str, sources: Sources) -> int:
    return len(sources.users.get(path, ()))


def _use(path: str, sources: Sources) -> str:
    used = _used(path, sources)
    return f"used by {counted(used, 'file')}, " if used else ""


def _items(chosen: Sequence[Item], cite: _Cite, kind: str, *, most: int = MAX_ITEMS) -> list[str]:
    lines = [f"**{one_line(item.title, 160).rstrip('.')}**{_because(item)} {cite(item)}" for item in chosen[:most]]
    if len(chosen) > most:
        how = f"--key {kind}" if kind.startswith("root/") else f"--type {kind}"
        lines.append(f"_{len(chosen) - most} more: contox-hooks memory {how} -n {len(chosen)}_")
    return lines


def _because(item: Item) -> str:
    """The first line, when it is about the matter and short enough to be read: the item itself has the rest."""
    told = next(iter(telling_lines(item)), None)
    return "" if told is None or (len(told.text) > MAX_BECAUSE and "` becomes `" in told.text) else f": {told.text}"


def _told(item: Item) -> str:
    reason = next((line.text for line in telling_lines(item) if line.is_reason), "")
    title = re.sub(r"^[Ff]ix(?:es|ed)? ", "", one_line(item.title, 160)).rstrip(".")
    return f"{title}: {reason}" if reason else title


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _suffix(path: str) -> str:
    return path.rpartition(".")[2].lower()
