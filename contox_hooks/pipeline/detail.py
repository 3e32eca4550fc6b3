"""What a commit changed where, as facts read from its diff; each with the line that shows it.

Owns which reader looks at which sort of file. Must not know messages or items. Invariant: a fact says only what the
digest shows; files that carry no meaning of their own (locks, generated, assets) give none but their coming and going.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.domain.path import PathKind, path_kind
from contox_hooks.pipeline.comment import reason_facts, todo_facts
from contox_hooks.pipeline.dependency import dependency_changes, is_manifest
from contox_hooks.pipeline.document import changelog_facts, document_facts, is_changelog, plain
from contox_hooks.pipeline.fact import MAX_CODE, MAX_NAMES, Fact, code, cut, names
from contox_hooks.pipeline.interface import constant_facts, interface_facts
from contox_hooks.pipeline.patch import FilePatch, file_patches
from contox_hooks.pipeline.quote import added_quote, removed_quote
from contox_hooks.pipeline.schema_line import schema_facts
from contox_hooks.pipeline.setting_line import replacement_facts, setting_facts
from contox_hooks.pipeline.symbol import Symbol, symbol_changes


@dataclass(frozen=True, slots=True)
class Details:
    facts: tuple[Fact, ...]
    todos: tuple[Fact, ...]
    """Work left open that the commit wrote into comments."""
    reasons: tuple[Fact, ...]
    """Sentences of added comments that say why."""
    patches: tuple[FilePatch, ...]


def details(digest: CommitDigest) -> Details:
    patches = file_patches(digest.diff)
    facts = [fact for change in digest.files for fact in _whole_file(change)]
    todos: list[Fact] = []
    reasons: list[Fact] = []
    new = {change.path for change in digest.files if change.status == "A"}
    for patch in patches:
        kind = path_kind(patch.path)
        facts.extend(_facts(patch, kind, is_new=patch.path in new))
        if kind in ("source", "migration", "config", "ci"):
            todos.extend(todo_facts(patch))
            reasons.extend(reason_facts(patch))
    if not any(fact.weight > 1 or fact.topic in ("new", "deleted") for fact in facts):
        facts += _lines_shown(patches)
    return Details(tuple(facts), tuple(todos), tuple(reasons), tuple(patches))


def _lines_shown(patches: Sequence[FilePatch]) -> Iterator[Fact]:
    """Where nothing else is known of a change: of its two most changed files, the longest line that came or went."""
    patches = [patch for patch in patches if path_kind(patch.path) not in ("lock", "generated", "asset")]
    for patch in sorted(patches, key=lambda patch: -len(patch.added) - len(patch.removed))[:2]:
        is_text = path_kind(patch.path) in ("doc", "other")
        gone, come = set(map(str.strip, patch.removed)), set(map(str.strip, patch.added))
        for words, lines, other, cited in (
            ("now has", patch.added, gone, added_quote),
            ("no longer has", patch.removed, come, removed_quote),
        ):
            telling = [line for line in lines if line.strip() not in other and _TELLING_LINE.match(line.strip())]
            if telling:
                line = max(telling, key=len)
                shown = f"“{cut(plain(line.strip()), MAX_CODE)}”" if is_text else code(line.strip())
                yield Fact(patch.path, f"{words} {shown}", 2, cited(line.strip()), "shown")
                break


_TELLING_LINE = re.compile(r"(?!<|(?:import|from|use|#include)\b)(?=(?:.*[A-Za-z]){6}).{12,160}$")


def _whole_file(change: FileChange) -> Iterator[Fact]:
    path = change.path
    weight = 3 if path_kind(path) in ("source", "migration", "config", "ci") else 1
    if change.status == "A":
        yield Fact(path, "new file", weight, topic="new")
    elif change.status == "D":
        yield Fact(path, "deleted", weight + 1, topic="deleted")
    elif change.status == "R" and change.old_path:
        yield Fact(path, f"renamed from {change.old_path}", weight + 1, topic="renamed")
    elif change.status == "M" and (change.old_mode, change.new_mode) == ("100644", "100755"):
        yield Fact(path, "becomes executable", 2, topic="mode")
    elif change.status == "M" and (change.old_mode, change.new_mode) == ("100755", "100644"):
        yield Fact(path, "is no longer executable", 2, topic="mode")


def _facts(patch: FilePatch, kind: PathKind, *, is_new: bool) -> Iterator[Fact]:
    if kind in ("lock", "generated", "asset"):
        return
    if is_changelog(patch.path):
        yield from changelog_facts(patch)
    elif kind == "doc" and not is_manifest(patch.path):
        yield from document_facts(patch)
    else:
        yield from _code_facts(patch, kind, is_new)


def _code_facts(patch: FilePatch, kind: PathKind, is_new: bool) -> Iterator[Fact]:
    told: set[str] = set()
    for change in dependency_changes(patch):
        told |= set(change.lines)
        if kind == "ci":  # which action runs a job is a setting of the job
            yield Fact(patch.path, change.text, 3, change.quote, "config")
        else:
            yield Fact(patch.path, change.text, 6, change.quote, "dependency")
    if kind in ("config", "ci", "doc") and not patch.path.endswith((".py", ".js", ".ts")):
        yield from setting_facts(patch, told)
        return
    if kind == "migration" or patch.path.endswith(".sql"):
        steps = list(schema_facts(patch))
        yield from steps
        if steps:
            return
    if kind == "source":
        yield from interface_facts(patch)
    changes = list(_test_facts(patch) if kind == "test" else _symbol_facts(patch, is_new))
    constants = list(constant_facts(patch))
    yield from changes
    yield from constants
    told |= {fact.quote for fact in (*changes, *constants)}
    if max((fact.weight for fact in (*changes, *constants)), default=0) < 4:
        yield from replacement_facts(patch, told)


def _test_facts(patch: FilePatch) -> Iterator[Fact]:
    changes = symbol_changes(patch)
    added = [symbol for symbol in changes.added if symbol.is_test]
    removed = [symbol for symbol in changes.removed if symbol.is_test]
    if added:
        yield Fact(patch.path, f"adds tests {_last_names(added)}", 2, added_quote(added[0].line), "test")
    if removed:
        yield Fact(patch.path, f"removes tests {_last_names(removed)}", 2, removed_quote(removed[0].line), "test")
    if changes.touched and not added and not removed:
        yield Fact(patch.path, f"changes {names(changes.touched)}", 1, topic="touched")


def _last_names(symbols: Sequence[Symbol]) -> str:
    return names([symbol.name for symbol in symbols])


def _symbol_facts(patch: FilePatch, is_new: bool) -> Iterator[Fact]:
    changes = symbol_changes(patch)
    path = patch.path
    for public, weight in ((True, 5), (False, 4)):
        added = [symbol for symbol in _outer(changes.added) if symbol.is_public is public]
        removed = [symbol for symbol in _outer(changes.removed) if symbol.is_public is public]
        if (is_new and len(added) > 2) or len(added) > MAX_NAMES:
            quote = added_quote(added[0].line)
            yield Fact(path, f"adds {names([_with_kind(symbol) for symbol in added])}", weight, quote, "symbol")
        else:
            for symbol in added:
                told = f"adds {code(_qualified(symbol))}" + (f" (“{symbol.doc}”)" if symbol.doc else "")
                yield Fact(path, told, weight, added_quote(symbol.line), "symbol")
        if removed:
            text = f"removes {names([_with_kind(symbol) for symbol in removed])}"
            yield Fact(path, text, weight, removed_quote(removed[0].line), "removed")
    for before, after in changes.resigned:
        text = f"{code(_qualified(before))} becomes {code(_qualified(after))}"
        yield Fact(path, text, 5 if after.is_public else 4, added_quote(after.line), "resigned")
    resigned = {after.name for _, after in changes.resigned}
    touched = [name for name in changes.touched if name not in resigned]
    if touched:
        yield Fact(path, f"changes {names(touched)}", 2, topic="touched")


def _outer(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Without the members of a class that comes or goes as a whole."""
    classes = {symbol.name for symbol in symbols if symbol.word == "class"}
    return [symbol for symbol in symbols if symbol.name.rpartition(".")[0] not in classes]


def _with_kind(symbol: Symbol) -> str:
    return f"class {symbol.name}" if symbol.word == "class" else symbol.name


def _qualified(symbol: Symbol) -> str:
    last = symbol.name.rpartition(".")[2]
    return symbol.signature.replace(last, symbol.name, 1) if "." in symbol.name else symbol.signature
