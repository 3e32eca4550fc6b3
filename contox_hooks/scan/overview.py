"""The project as a whole: what it is, what it is written in and runs on, how it is laid out.

Pure rules over a read tree. Invariant: at most one finding of each kind.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from contox_hooks.memory.report.onboarding import LANGUAGES
from contox_hooks.scan.fact import Fact, Finding
from contox_hooks.scan.module import role_of
from contox_hooks.scan.part import Part
from contox_hooks.scan.tree import ReadFile, ReadTree, about, path_fact

_MOST_LAID_OUT: Final = 30
_MOST_PACKAGES: Final = 30
_LONG: Final = 16


def project(tree: ReadTree) -> Iterator[Finding]:
    """From the topmost manifests and the README; nothing where neither says what the project is."""
    top = sorted(tree.of_role("manifest"), key=lambda file: (file.path.count("/"), file.path))
    root = [file for file in top if "/" not in file.path]
    facts: list[Fact] = []
    described = next(_described(root, tree), None)
    if described is not None:
        facts.append(described)
    facts += _languages(tree)
    facts += {fact.says: fact for file in root or top[:3] for fact in _each(file, "runs on")}.values()
    packages = [file for file in top if "/" in file.path and file.first("name")]
    if len(packages) > 1:
        named = [file.fact(row, group="packages") for file in packages for row in list(file.all("name"))[:1]]
        facts += named[:_MOST_PACKAGES]
    if facts:
        told = described.says if described else ""
        names = {file.path: row.says for file in root if (row := file.first("name"))}
        name = names.get(described.path if described else "", "" if told else next(iter(names.values()), ""))
        more = max(0, len(packages) - _MOST_PACKAGES) if len(packages) > 1 else 0
        about_it = f"{name}: {told}" if name and told else name or told
        if not told and (written := [fact.says.partition(" (")[0] for fact in facts if fact.group == "written in"]):
            about_it = f"{name + ': written' if name else 'Written'} in {', '.join(written)}"
        yield Finding("project", "", about_it, tuple(facts), more)


def _described(root: Sequence[ReadFile], tree: ReadTree) -> Iterator[Fact]:
    for file in (*root, *tree.of_role("readme")):
        yield from _each(file, "describes")


def _each(file: ReadFile, topic: str) -> Iterator[Fact]:
    return (file.fact(row) for row in file.all(topic))


def _languages(tree: ReadTree) -> list[Fact]:
    counts: Counter[str] = Counter()
    example: dict[str, str] = {}
    for path in tree.sources:
        language = LANGUAGES[path.rpartition(".")[2].lower()]
        counts[language] += 1
        example.setdefault(language, path)
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    least = max(1, len(tree.sources) // 50)
    return [
        path_fact(
            example[language], says=f"{language} ({about(count)} file{'s' if count != 1 else ''})", group="written in"
        )
        for language, count in ranked[:6]
        if count >= least
    ]


def layout(
    tree: ReadTree, parts: Sequence[Part], told: Mapping[str, Finding], beside: Iterable[str]
) -> Iterator[Finding]:
    """Of a project that has more than one part. `told`: what is told of the larger ones, by their paths; `beside`: top
    folders that hold no source of it."""
    if len(parts) < 2:
        return
    facts: list[Fact] = []
    for part in sorted(parts[:_MOST_LAID_OUT], key=lambda part: part.path):
        role = role_of(tree, part)
        name = f"`{part.path or '.'}`" + (" itself" if part.is_rest and part.path else "")
        size = f"{about(len(part.files))} file{'s' if len(part.files) != 1 else ''}"
        found = told.get(part.path or ".")
        shown = role or next(iter(found.facts if found else ()), None)
        if shown is None:
            facts.append(path_fact(part.path or part.files[0], says=f"{name} ({size})"))
        else:
            says = role.says if role else ", ".join(_defined(found.facts if found else ()))
            facts.append(replace(shown, says=f"{name} ({size}): {says}", group=""))
    facts += [path_fact(folder, says=f"`{folder}`", group="beside the sources") for folder in sorted(beside)]
    names = [part.path for part in parts[:6] if part.path]
    yield Finding("layout", "", _joined(names), tuple(facts), max(0, len(parts) - _MOST_LAID_OUT))


def _joined(names: Sequence[str]) -> str:
    """`src/main/java/org/example/{owner, vet}`, where what they have in common is long."""
    common = posixpath.commonpath(names) if names else ""
    if len(common) < _LONG or len(names) < 2:
        return ", ".join(names)
    return f"{common}/{{{', '.join(name.removeprefix(common).strip('/') or '.' for name in names)}}}"


def _defined(facts: Iterable[Fact]) -> list[str]:
    return [fact.says for fact in facts if fact.group == "defines"][:4]
