"""Deep enrichment: signatures, routes and schemas of what an item touches, from the files at its newest commit.

Owns the choice of files and names and the bounds. The reader of files is handed in (git, never the work tree). Must not
know the store. Invariants: bounded whatever a commit holds, each bound said in `skipped` or in the text; nothing is
appended that the item's facts have already; secrets are taken out before a file is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contox_hooks.domain.item import MAX_FACTS, Item
from contox_hooks.domain.path import Exclusions, path_kind
from contox_hooks.domain.redaction import redact, redact_all
from contox_hooks.pipeline.python_source import Outline, Unparsable, outline
from contox_hooks.pipeline.quote import cited_lines, fold

MAX_FILE_BYTES = 512 * 1024
MAX_FILES_READ = 10
"""Python files read for one item."""
MAX_APPENDED = 1200
"""Characters appended to one item's facts."""
_MAX_UNNAMED, _MAX_UNNAMED_FILES = 4, 2
"""Public definitions listed of a file, and files, when nothing that the item names is found in any."""

_HEADING = "In the code:"
_BACKTICKED = re.compile(r"`([^`\n]{1,200})`")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Deepened:
    facts_by_item: Mapping[str, str]
    """What to append to an item's facts; items with nothing to add are absent."""
    files_read: int
    skipped: tuple[str, ...]
    """Files that were not used, one line each with the reason."""


@dataclass(slots=True)
class _Source:
    outline: Outline
    lines: dict[str, list[int]]
    """Folded line to its numbers."""


@dataclass(slots=True)
class _Sources:
    """Files read so far, each once, by (commit, path)."""

    read: Callable[[str, str], bytes | None]
    exclusions: Exclusions
    known: dict[tuple[str, str], _Source | None] = field(default_factory=dict)
    files_read: int = 0
    skipped: list[str] = field(default_factory=list)

    def source(self, sha: str, path: str) -> _Source | None:
        key = sha, path
        if key not in self.known:
            self.known[key] = self._load(sha, path)
        return self.known[key]

    def _load(self, sha: str, path: str) -> _Source | None:
        content = self.read(sha, path)
        if content is None:
            self.skipped.append(f"{path}: not there at {sha[:12]}")
            return None
        if len(content) > MAX_FILE_BYTES:
            self.skipped.append(f"{path} at {sha[:12]}: larger than {MAX_FILE_BYTES // 1024} KiB")
            return None
        self.files_read += 1
        # Escaped, bytes of whatever encoding the file declares come back as they were.
        clean = redact(content.decode("utf-8", "surrogateescape"))
        try:
            parsed = outline(clean.text.encode("utf-8", "surrogateescape"))
        except Unparsable as reason:
            without = " without its secrets" if clean.count else ""
            self.skipped.append(f"{path} at {sha[:12]}: {reason}{without}")
            return None
        lines: dict[str, list[int]] = {}
        # Lines as the parser counts them: str.splitlines() also breaks at form feeds.
        text = clean.text.replace("\r\n", "\n").replace("\r", "\n")
        for number, line in enumerate(text.split("\n"), start=1):
            lines.setdefault(fold(line), []).append(number)
        return _Source(parsed, lines)


def deepen(
    items: Sequence[Item], read: Callable[[str, str], bytes | None], exclusions: Exclusions | None = None
) -> Deepened:
    """What to append to each item's facts.

    `read(sha, path)` gives a file's bytes at a commit, None when it is not there. Python files are read; of each, what
    the item names in backticks or quotes lines of, else its first public definitions. Excluded ones are not even named.
    """
    sources = _Sources(read, exclusions or Exclusions())
    facts: dict[str, str] = {}
    for item in items:
        text = _appended(item, sources)
        if text:
            facts[item.id] = text
    return Deepened(facts, sources.files_read, tuple(sources.skipped))


def _appended(item: Item, sources: _Sources) -> str:
    sha = newest_commit(item)
    paths = [path for path in dict.fromkeys(item.files) if _is_read(path) and not sources.exclusions.matches(path)]
    if sha is None or not paths:
        return ""
    if len(paths) > MAX_FILES_READ:
        sources.skipped.append(f"{item.title}: {len(paths) - MAX_FILES_READ} of {len(paths)} Python files not read")
    told = item.facts.partition(_HEADING)[0]  # what was appended before names more than the item is about
    names = {name for quoted in _BACKTICKED.findall(told) for name in _IDENTIFIER.findall(quoted)}
    found: list[tuple[str, Outline, set[str]]] = []
    for path in paths[:MAX_FILES_READ]:
        source = sources.source(sha, path)
        if source is not None:
            quoted = [line for entry in item.evidence if entry.path == path for line in cited_lines(entry.quote)]
            found.append((path, source.outline, _named(source.outline, names) | _around(source, quoted)))
    if not any(touched for _, _, touched in found):
        found = [(path, outline, _first_public(outline)) for path, outline, _ in found[:_MAX_UNNAMED_FILES]]
    # Again: what the parser has put together, of escapes or of strings side by side, was not one text in the file.
    lines, _ = redact_all([line for entry in found for line in _lines_of(*entry)])
    room = min(MAX_APPENDED, MAX_FACTS - len(item.facts) - 1)
    return _fitted([line for line in dict.fromkeys(lines) if line not in item.facts], room)


def _is_read(path: str) -> bool:
    """Python that others build on; what a test's signature looks like is not worth knowing."""
    return path.endswith((".py", ".pyi")) and path_kind(path) not in ("test", "generated")


def newest_commit(item: Item) -> str | None:
    """The right end of the item's range, else the commit of its last evidence."""
    if item.commit_range:
        return item.commit_range.rpartition("..")[2] or None
    return item.evidence[-1].commit_sha if item.evidence else None


def _named(found: Outline, names: set[str]) -> set[str]:
    """Definitions whose qualified name is among `names`, or whose own name when it is a member's."""
    return {
        definition.name
        for definition in found.definitions
        if definition.name in names or ("." in definition.name and definition.name.rpartition(".")[2] in names)
    }


def _first_public(found: Outline) -> set[str]:
    public = [definition.name for definition in found.definitions if definition.is_public]
    return set([name for name in public if "." not in name][:_MAX_UNNAMED])


def _lines_of(path: str, found: Outline, touched: set[str]) -> list[str]:
    """Routes first, then schemas, then signatures of what is no schema."""
    schemas = [schema for schema in found.schemas if schema.name in touched]
    in_schemas = {schema.name for schema in schemas}
    routes = [route for route in found.routes if touched and (not route.handler or route.handler in touched)]
    lines = [f"- route {route.text} ({path})" for route in routes]
    lines += [f"- schema {schema.text} ({path})" for schema in schemas]
    lines += [
        f"- `{_qualified(definition.name, definition.signature)}` ({path})"
        for definition in found.definitions
        if definition.name in touched and definition.name not in in_schemas
    ]
    return lines


def _qualified(name: str, signature: str) -> str:
    """The signature with the class before a method's name: `def Client.get(self)`."""
    return signature.replace(name.rpartition(".")[2], name, 1) if "." in name else signature


def _around(source: _Source, quoted: Sequence[str]) -> set[str]:
    """The innermost definitions that hold a quoted line; a line that stands in several places names none."""
    names = set()
    for line in quoted:
        numbers = source.lines.get(line, [])
        if len(numbers) != 1:
            continue
        holding = [
            definition
            for definition in source.outline.definitions
            if definition.first_line <= numbers[0] <= definition.last_line
        ]
        if holding:
            names.add(min(holding, key=lambda definition: definition.last_line - definition.first_line).name)
    return names


def _fitted(lines: Sequence[str], room: int) -> str:
    """As many whole lines as fit under a heading; what is left out is counted."""
    kept: list[str] = []
    used = len(_HEADING)
    for place, line in enumerate(lines):
        rest = len(lines) - place - 1
        note = len(f"\n- and {rest + 1} more") if rest else 0
        if used + 1 + len(line) + note > room:
            kept.append(f"- and {rest + 1} more")
            break
        kept.append(line)
        used += 1 + len(line)
    if not kept or kept[0].startswith("- and ") or room < len(_HEADING):
        return ""
    return "\n".join((_HEADING, *kept))
