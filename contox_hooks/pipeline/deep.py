"""Deep enrichment: signatures, routes and schemas of what an item changed, before and after, from the files in git.

Owns the choice of files and names and the bounds. The reader of files is handed in (git, never the work tree). Must not
know the store. Invariants: bounded whatever a commit holds, each bound said in `skipped` or in the text; nothing is
appended that the item's facts have already; secrets are taken out before a file is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contox_hooks.domain.item import IN_THE_CODE, MAX_FACTS, Item
from contox_hooks.domain.path import Exclusions, path_kind
from contox_hooks.domain.redaction import redact, redact_all
from contox_hooks.pipeline.deep_text import change_lines, merged, state_lines
from contox_hooks.pipeline.quote import cited_lines
from contox_hooks.pipeline.source.change import Changes, Source, changes
from contox_hooks.pipeline.source.kept import outline
from contox_hooks.pipeline.source.language import reader_of
from contox_hooks.pipeline.source.outline import Outline, Unparsable

MAX_FILE_BYTES = 512 * 1024
MAX_FILES_READ = 10
"""Files read for one item, each at two commits."""
MAX_APPENDED = 1600
"""Characters appended to one item's facts."""
_MAX_UNNAMED, _MAX_UNNAMED_FILES = 4, 2
"""Public definitions listed of a file, and files, when nothing that the item names is found in any."""
_MAX_KEPT = 256
"""Sources held while items are gone through: what one commit made, the next one starts from."""

_MAX_PATH_SHOWN = 48
_BACKTICKED = re.compile(r"`([^`\n]{1,200})`")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$~][\w$]*)*")


@dataclass(frozen=True, slots=True)
class Deepened:
    facts_by_item: Mapping[str, str]
    """What to append to an item's facts; items with nothing to add are absent."""
    files_read: int
    skipped: tuple[str, ...]
    """Files that were not used, one line each with the reason."""
    partly: tuple[str, ...] = ()
    """Files with a line that the parser could make nothing of, one line each; the rest of them was read."""


@dataclass(slots=True)
class _Sources:
    """Files read so far, each once, by (revision, path)."""

    read: Callable[[str, str], bytes | None]
    exclusions: Exclusions
    known: dict[tuple[str, str], Source | None] = field(default_factory=dict)
    parsed: dict[tuple[str, bytes], Source] = field(default_factory=dict)
    files_read: int = 0
    skipped: dict[str, None] = field(default_factory=dict)
    partly: dict[str, None] = field(default_factory=dict)

    def source(self, revision: str, path: str, *, expected: bool = True) -> Source | None:
        key = revision, path
        if key not in self.known:
            _make_room(self.known)
            self.known[key] = self._load(revision, path, expected)
        return self.known[key]

    def _load(self, revision: str, path: str, expected: bool) -> Source | None:
        content = self.read(revision, path)
        where = f"{path} at {revision[:12]}{'^' if revision.endswith('^') else ''}"
        if content is None:
            if expected:
                self.skipped[f"{path}: not there at {revision[:12]}"] = None
            return None
        if len(content) > MAX_FILE_BYTES:
            self.skipped[f"{where}: larger than {MAX_FILE_BYTES // 1024} KiB"] = None
            return None
        self.files_read += 1
        if (path, content) not in self.parsed:
            _make_room(self.parsed)
            # Escaped, bytes of whatever encoding the file declares come back as they were.
            clean = redact(content.decode("utf-8", "surrogateescape"))
            try:
                parsed = outline(clean.text.encode("utf-8", "surrogateescape"), path)
            except Unparsable as reason:
                self.skipped[f"{where}: {reason}{' without its secrets' if clean.count else ''}"] = None
                return None
            # Lines as the parsers count them: str.splitlines() also breaks at form feeds.
            text = clean.text.replace("\r\n", "\n").replace("\r", "\n")
            self.parsed[path, content] = Source(parsed, text.split("\n"))
        found = self.parsed[path, content]
        if found.outline.broken_line:
            self.partly[f"{where}: does not parse at line {found.outline.broken_line}"] = None
        return found


def _make_room(kept: dict[tuple[str, str], Source | None] | dict[tuple[str, bytes], Source]) -> None:
    if len(kept) >= _MAX_KEPT:
        del kept[next(iter(kept))]  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    outline: Outline
    changes: Changes
    touched: set[str]
    """What has other lines inside; where nothing changed, what the item names or quotes lines of."""


def deepen(
    items: Sequence[Item],
    read: Callable[[str, str], bytes | None],
    exclusions: Exclusions | None = None,
    renames: Mapping[str, Mapping[str, str]] | None = None,
) -> Deepened:
    """What to append to each item's facts.

    `read(revision, path)` gives a file's bytes at a commit (`<id>`) or at its first parent (`<id>^`), None when it is
    not there. Told of each file that a reader knows: what the item's commits changed; of a new one, what the item names
    in backticks or quotes lines of, else its first public definitions. Excluded files are not even named. `renames`: of
    an item (by id), what files that its commits renamed were called before.
    """
    sources = _Sources(read, exclusions or Exclusions())
    facts: dict[str, str] = {}
    for item in items:
        text = _appended(item, sources, (renames or {}).get(item.id, {}))
        if text:
            facts[item.id] = text
    return Deepened(facts, sources.files_read, tuple(sources.skipped), tuple(sources.partly))


def _appended(item: Item, sources: _Sources, renames: Mapping[str, str]) -> str:
    sha = newest_commit(item)
    paths = [path for path in dict.fromkeys(item.files) if _is_read(path) and not sources.exclusions.matches(path)]
    if sha is None or not paths:
        return ""
    if len(paths) > MAX_FILES_READ:
        sources.skipped[f"{item.title}: {len(paths) - MAX_FILES_READ} of {len(paths)} files not read"] = None
    told = item.facts.partition(IN_THE_CODE)[0]  # what was appended before names more than the item is about
    names = {_dotted(name) for quoted in _BACKTICKED.findall(told) for name in _IDENTIFIER.findall(quoted)}
    found = [each for path in paths[:MAX_FILES_READ] for each in _found(item, sha, path, names, sources, renames)]
    lines = [line for each in found for line in change_lines(each.path, each.changes, names, told)]
    lines += [
        line
        for each in found
        for line in state_lines(each.path, each.outline, each.touched, told, each.changes.touched_routes)
    ]
    if not lines and not any(each.touched for each in found):
        new = [each for each in found if each.changes == Changes()][:_MAX_UNNAMED_FILES]
        lines = [
            line for each in new for line in state_lines(each.path, each.outline, _first_public(each.outline), told)
        ]
    # Again: what the parser has put together, of escapes or of strings side by side, was not one text in the file.
    clean, _ = redact_all(merged(lines))
    room = min(MAX_APPENDED, MAX_FACTS - len(item.facts) - 1)
    shown = [_with_short_paths(line, paths) for line in clean]
    return _fitted([line for line in shown if line not in item.facts], room)


def _found(
    item: Item, sha: str, path: str, names: set[str], sources: _Sources, renames: Mapping[str, str]
) -> Iterator[_Found]:
    after = sources.source(sha, path)
    if after is None:
        return
    former = _first_name(path, renames)
    before = None
    if not sources.exclusions.matches(former) and reader_of(former) == reader_of(path):
        before = sources.source(f"{oldest_commit(item) or sha}^", former, expected=False)
    changed = changes(before, after) if before else Changes()
    if changed == Changes():
        quoted = [line for entry in item.evidence if entry.path == path for line in cited_lines(entry.quote)]
        touched = _named(after.outline, names) | _around(after, quoted)
    else:  # that is what the item is about, whatever else its words and quotes name
        touched = set(changed.touched)
    yield _Found(path, after.outline, changed, touched)


def _first_name(path: str, renames: Mapping[str, str]) -> str:
    """Over any number of renames; one that leads back ends there."""
    seen = {path}
    while (former := renames.get(path, path)) not in seen:
        seen.add(former)
        path = former
    return path


def _with_short_paths(line: str, paths: Sequence[str]) -> str:
    """Long paths by their last parts: the item lists the whole of them, and every line names one."""
    for path in paths:
        if len(path) > _MAX_PATH_SHOWN and path in line:
            end = path
            while len(end) > _MAX_PATH_SHOWN and "/" in end:
                end = end.partition("/")[2]
            line = line.replace(path, f"…/{end}")
    return line


def _is_read(path: str) -> bool:
    """What others build on; what a test's signature looks like is not worth knowing."""
    return reader_of(path) is not None and path_kind(path) not in ("test", "generated", "lock")


def newest_commit(item: Item) -> str | None:
    """The right end of the item's range, else the commit of its last evidence."""
    if item.commit_range:
        return item.commit_range.rpartition("..")[2] or None
    return next((entry.commit_sha for entry in reversed(item.evidence) if entry.is_of_commit), None)


def oldest_commit(item: Item) -> str | None:
    """The left end of the item's range, which is its first commit, else the commit of its first evidence."""
    if item.commit_range:
        return item.commit_range.partition("..")[0] or None
    return next((entry.commit_sha for entry in item.evidence if entry.is_of_commit), None)


def _dotted(name: str) -> str:
    return name.replace("::", ".").replace("#", ".")


def _named(found: Outline, names: set[str]) -> set[str]:
    """Definitions whose qualified name is among `names`, or whose own name when it is a member's."""
    return {
        part.name
        for part in found.parts
        if part.name in names or ("." in part.name and part.name.rpartition(".")[2] in names)
    }


def _first_public(found: Outline) -> set[str]:
    public = [part.name for part in found.definitions if part.is_public and "." not in part.name]
    return set((public or [schema.name for schema in found.schemas])[:_MAX_UNNAMED])


def _around(source: Source, quoted: Sequence[str]) -> set[str]:
    """The innermost definitions that hold a quoted line; a line that stands in several places names none."""
    names = set()
    parts = source.outline.parts
    for line in quoted:
        numbers = source.numbers.get(line, [])
        if len(numbers) != 1:
            continue
        holding = [part for part in parts if part.first_line <= numbers[0] <= part.last_line]
        if holding:
            names.add(min(holding, key=lambda part: part.last_line - part.first_line).name)
    return names


def _fitted(lines: Sequence[str], room: int) -> str:
    """As many whole lines as fit under a heading; what is left out is counted."""
    kept: list[str] = []
    used = len(IN_THE_CODE)
    for place, line in enumerate(lines):
        rest = len(lines) - place - 1
        note = len(f"\n- and {rest + 1} more") if rest else 0
        if used + 1 + len(line) + note > room:
            kept.append(f"- and {rest + 1} more")
            break
        kept.append(line)
        used += 1 + len(line)
    if not kept or kept[0].startswith("- and ") or room < len(IN_THE_CODE):
        return ""
    return "\n".join((IN_THE_CODE, *kept))
