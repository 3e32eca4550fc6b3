"""Where a project is entered, what it answers to and what it keeps: entry points, routes, schemas, dependencies.

Pure rules over a read tree. Invariant: what a finding leaves out is counted in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.source.outline import clip
from contox_hooks.scan.fact import Fact, Finding, Kind
from contox_hooks.scan.part import Part
from contox_hooks.scan.tree import ReadFile, ReadTree

_MOST_PLACES: Final = 10
_MOST_FACTS: Final = 30
_MOST_MANIFESTS: Final = 8
_MOST_ENTRIES: Final = 20
_MOST_SHOWN: Final = 120
_SENT: Final = re.compile(r"\((?:pydantic|GraphQL|protobuf|OpenAPI)")
_GIVEN_AWAY: Final = re.compile(r"template|(?:^|/)resources?/|skeleton|boilerplate")
"""What a program writes for others is none of its own."""
_SCRIPTED: Final = (".sh", ".rb", ".pl", ".php", ".py", ".js", ".mjs", ".cjs", ".ts")


def entries(tree: ReadTree) -> Iterator[Finding]:
    """Commands that manifests name, programs' first functions, what a container starts; scripts of the top folders."""
    facts: list[Fact] = []
    for file in tree.of_role("manifest", "practice"):
        facts += [file.fact(row, says=clip(row.says, _MOST_SHOWN)) for row in file.all("entry")]
    for file in tree.of_role("source"):
        for row in list(file.all("entry"))[:1]:
            if _is_program(file.path):
                facts.append(file.fact(row, says=f"`{file.path}`", group="programs"))
    facts.sort(key=lambda fact: (bool(fact.group), fact.path.count("/"), fact.path))
    if facts:
        names = [clip(_name(fact), 40) for fact in facts[:4]]
        yield Finding("entry", "", ", ".join(names), tuple(facts[:_MOST_ENTRIES]), max(0, len(facts) - _MOST_ENTRIES))


def _name(fact: Fact) -> str:
    told = "".join(fact.says.split("`")[1:2]) or fact.says  # a path may leave no room for it
    return told.rpartition("/")[2] if fact.group else told


def _is_program(path: str) -> bool:
    name = path.rpartition("/")[2]
    if _GIVEN_AWAY.search(path):
        return False
    if name in ("__main__.py", "manage.py", "build.rs"):
        return name != "build.rs"
    if path.endswith(".rs"):  # another file's `main` is none that cargo runs, unless the manifest names it, which tells
        return name == "main.rs" or "/src/bin/" in f"/{path}"
    return not path.endswith(_SCRIPTED) or path.count("/") == 0 or path.startswith(("bin/", "cmd/"))


def routes(tree: ReadTree, parts: Sequence[Part]) -> Iterator[Finding]:
    yield from _by_part(tree, parts, "route", "routes")


def schemas(tree: ReadTree, parts: Sequence[Part]) -> Iterator[Finding]:
    """What is stored before what is only sent."""
    yield from _by_part(tree, parts, "schema", "schema")


def _by_part(tree: ReadTree, parts: Sequence[Part], topic: str, kind: Kind) -> Iterator[Finding]:
    """One finding a part of the project, those with most first."""
    where = {path: part.path for part in parts for path in part.files}
    by_part: defaultdict[str, list[Fact]] = defaultdict(list)
    files = [file for file in tree.of_role("source") if file.first(topic)]
    standing = [file for file in files if path_kind(file.path) != "migration"]
    for file in standing or files:
        for row in file.all(topic):
            by_part[where.get(file.path, file.folder)].append(file.fact(row, says=_one_line(row.says)))
    ranked = sorted(by_part.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    told_before: set[frozenset[str]] = set()
    for folder, found in ranked[:_MOST_PLACES]:
        names_of = frozenset(fact.says.partition(" (")[0] for fact in found)
        if topic == "schema" and names_of in told_before:
            continue  # the same tables for another database
        told_before.add(names_of)
        facts = list({(fact.says, fact.path): fact for fact in found}.values())
        facts.sort(key=lambda fact: (_SENT.search(fact.says) is not None, topic == "route" and fact.says[0] in "/^"))
        names = [fact.says.partition(" →")[0].partition(" (")[0] for fact in facts]
        told = ", ".join(dict.fromkeys(names[:5]))
        yield Finding(kind, folder or ".", told, tuple(facts[:_MOST_FACTS]), max(0, len(facts) - _MOST_FACTS))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def dependencies(tree: ReadTree) -> Iterator[Finding]:
    """One finding a manifest that names any, those near the top first, then those that need most."""
    files = [file for file in tree.of_role("manifest") if file.first("needs") or file.first("develops with")]
    files.sort(key=lambda file: (min(file.path.count("/"), 2), -len(list(file.all("needs"))), file.path))
    own = {row.says for file in tree.of_role("manifest") for row in file.all("name")}
    for file in files[:_MOST_MANIFESTS]:
        facts = list(_named(file, own))
        names = ", ".join(fact.says for fact in facts[:6] if fact.group != "develops with")
        names = names or f"develops with {', '.join(fact.says for fact in facts[:6])}"
        yield Finding(
            "dependency", file.path, names, tuple(facts[: 2 * _MOST_FACTS]), max(0, len(facts) - 2 * _MOST_FACTS)
        )


def _named(file: ReadFile, own: Iterable[str]) -> Iterator[Fact]:
    seen: set[str] = set()
    inner = frozenset(own)
    for topic in ("needs", "needs its user's", "can use", "develops with"):
        for row in file.all(topic):
            if row.says not in seen:
                seen.add(row.says)
                yield file.fact(
                    row, group="needs of this repository" if row.says in inner and topic == "needs" else topic
                )
