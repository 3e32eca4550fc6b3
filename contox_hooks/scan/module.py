"""The larger parts one by one: what each is for, what it defines, which other parts it stands on.

Pure rules over a read tree. Invariant: bounded: MOST_MODULES findings, of each a few lines.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contox_hooks.domain.activity import ImportLine
from contox_hooks.memory.report.imports import uses
from contox_hooks.scan.fact import Fact, Finding
from contox_hooks.scan.part import Part
from contox_hooks.scan.said import Said
from contox_hooks.scan.tree import ReadFile, ReadTree

MOST_MODULES: Final = 14
_LEAST_FILES: Final = 3
_MOST_DEFINED, _MOST_EDGES, _MOST_CENTRAL = 10, 6, 4
_WORD: Final = re.compile(r"[A-Za-z_]\w{2,}")
_SPEAKS_FOR: Final = re.compile(
    r"(?:^|/)(?:__init__\.pyi?|mod\.rs|lib\.rs|doc\.go|package-info\.java|index\.[jt]sx?|package\.json|Cargo\.toml|main\.go)$"
)


def role_of(tree: ReadTree, part: Part) -> Fact | None:
    """What it says of itself: in its manifest, else in the file that speaks for the folder."""
    for name in ("package.json", "Cargo.toml", "pyproject.toml"):
        path = f"{part.path}/{name}" if part.path else ""
        above = f"{part.path.removesuffix('/src')}/{name}" if part.path.endswith("/src") else ""
        for file in tree.at(each for each in (path, above) if each):
            if (row := file.first("describes")) and _is_own(tree, row.says):
                return file.fact(row)
    files = tree.at(part.files)
    stem = part.path.rpartition("/")[2]
    speaking = [file for file in files if _speaks_for(file, part.path, stem)]
    for file in sorted(speaking, key=lambda file: file.path):
        if row := file.first("doc"):
            return file.fact(row)
    only = [file for file in files if file.first("doc")]
    return only[0].fact(row) if len(files) == 1 and only and (row := only[0].first("doc")) else None


def _is_own(tree: ReadTree, description: str) -> bool:
    """Not of three packages or more: `an internal component` says nothing of one."""
    same = [file for file in tree.of_role("manifest") if (row := file.first("describes")) and row.says == description]
    return len(same) < 3


def _speaks_for(file: ReadFile, folder: str, stem: str) -> bool:
    if file.folder != folder:
        return False
    name = file.path.rpartition("/")[2]
    return _SPEAKS_FOR.search(file.path) is not None or (name.endswith(".go") and bool(stem))


def modules(tree: ReadTree, parts: Sequence[Part]) -> Iterator[Finding]:
    told = [part for part in parts if len(part.files) >= _LEAST_FILES and tree.at(part.files)][:MOST_MODULES]
    lines = [(file, row) for file in tree.of_role("source") for row in file.all("import")]
    users = uses((ImportLine(file.path, row.says) for file, row in lines), tree.sources)
    mentions = Counter(word for _, row in lines for word in set(_WORD.findall(row.says)))
    where = {path: part for part in parts for path in part.files}
    for part in told:
        found = _module(tree, part, users, where, mentions)
        if found is not None:
            yield found


def _module(
    tree: ReadTree,
    part: Part,
    users: Mapping[str, frozenset[str]],
    where: Mapping[str, Part],
    mentions: Mapping[str, int],
) -> Finding | None:
    role = role_of(tree, part)
    facts = [role] if role else []
    outside = {path: sum(where.get(user) is not part for user in users.get(path, ())) for path in part.files}
    inside = {path: len(users.get(path, ())) for path in part.files}
    central = sorted(part.files, key=lambda path: (-outside[path], -inside[path], path))
    defined = sorted(_defined(tree.at(central)), key=lambda fact: -mentions.get(fact.says, 0))
    facts += defined[:_MOST_DEFINED]
    facts += _edges(tree, part, users, where)
    if not defined and role is None:
        return None
    names = ", ".join(fact.says for fact in defined[:5])
    return Finding("module", part.path or ".", role.says if role else names, tuple(facts))


def _defined(files: Sequence[ReadFile]) -> list[Fact]:
    """Of the files that others use most the largest definitions, some of each file before more of any."""
    rows: list[list[tuple[ReadFile, Said]]] = [[(file, row) for row in file.all("defines")] for file in files[:12]]
    found: dict[str, Fact] = {}
    for place in range(3):
        for each in rows:
            for file, row in each[place : place + 1]:
                found.setdefault(row.says, file.fact(row, group="defines"))
    return list(found.values())


def _edges(
    tree: ReadTree, part: Part, users: Mapping[str, frozenset[str]], where: Mapping[str, Part]
) -> Iterator[Fact]:
    """Other parts that files of this one import, those that it imports most first; the line that shows it is quoted."""
    counts: Counter[str] = Counter()
    shown: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for used, using in users.items():
        other = where.get(used)
        if other is None or other is part:
            continue
        for user in using:
            if where.get(user) is part:
                counts[other.path] += 1
                shown[other.path].append((user, used))
    for path, _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_MOST_EDGES]:
        if path and (fact := _shown(tree, sorted(shown[path]), path)):
            yield fact


def _shown(tree: ReadTree, pairs: Sequence[tuple[str, str]], folder: str) -> Fact | None:
    for user, used in pairs:
        stem = used.rpartition("/")[2].partition(".")[0]
        names = {folder.rpartition("/")[2], stem} - {"", "__init__", "index", "mod"}
        for row in tree.files[user].all("import"):
            if any(re.search(rf"\b{re.escape(name)}\b", row.quote) for name in names):
                return tree.files[user].fact(row, says=folder, group="uses")
    return None
