"""How a project is worked on: its tests, its CI, what checks a change before it is taken.

Pure rules over a read tree. Invariant: at most one finding of each kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from contox_hooks.scan.choice import is_aside
from contox_hooks.scan.fact import Fact, Finding
from contox_hooks.scan.tree import ReadTree, about, path_fact

_MOST_WORKFLOWS: Final = 15
_MOST_COMMANDS: Final = 8
_RUNS_BY_NAME: Final = (
    ("_test.go", "go test"), ("Test.java", "JUnit"), ("Tests.java", "JUnit"), ("_spec.rb", "RSpec"),
    (".t", "TAP scripts"), (".rs", "cargo test"), ("_test.rb", "Minitest"), ("Test.php", "PHPUnit"),
)  # fmt: skip

_CHORE: Final = re.compile(
    r"check-|trailing-|end-of-|fix-|mixed-|debug-|double-quote|name-tests|requirements-txt|detect-|no-commit|sort-simple"
)
"""Hooks that keep files tidy: in a title they come after what judges code."""
_WORKFLOW_FOLDERS: Final = (".github/workflows/", ".circleci/", ".gitlab/", ".buildkite/", ".woodpecker/")
_WORKFLOW_FILES: Final = (
    ".gitlab-ci", ".travis", "azure-pipelines", "jenkinsfile", "appveyor", ".appveyor", "bitbucket-pipelines",
    ".drone", ".cirrus", ".woodpecker",
)  # fmt: skip


def tests(tree: ReadTree) -> Iterator[Finding]:
    """What they are written with, where they are, how they are run."""
    if not tree.tests:
        return
    facts: dict[str, Fact] = {}
    for file in tree.of_role("manifest", "practice"):
        for row in file.all("tests with"):
            facts.setdefault(row.says, file.fact(row, group="with"))
    for ending, name in _RUNS_BY_NAME:
        if example := next((path for path in tree.tests if path.endswith(ending)), None):
            facts.setdefault(name, path_fact(example, says=name, group="with"))
    where = Counter(place for path in tree.tests if not is_aside(f"{(place := _place(path))}/"))
    places = sorted(where.items(), key=lambda entry: (-entry[1], entry[0]))
    least = max(1, len(tree.tests) // 50)
    found = [*facts.values()]
    for place, count in places[:6]:
        if count >= least:
            example = next(path for path in tree.tests if _place(path) == place)
            told = f"`{place}` ({about(count)} file{'s' if count != 1 else ''})"
            found.append(path_fact(example, says=told, group="in"))
    found += _how(tree)
    told = " in ".join(part for part in (", ".join(list(facts)[:3]), places[0][0] if places else "") if part)
    yield Finding("test", "", told, tuple(found))


def _place(path: str) -> str:
    """The folder of tests, or the one that they stand in beside what they test."""
    parts = path.split("/")
    for depth, part in enumerate(parts[:-1], start=1):
        if part.lower() in (
            "test",
            "tests",
            "spec",
            "specs",
            "__tests__",
            "t",
            "e2e",
            "testing",
            "testdata",
            "fixtures",
        ):
            return "/".join(parts[:depth]) if depth <= 2 else f"{parts[0]}/**/{part}"
    return parts[0] if len(parts) > 1 else "."


def _how(tree: ReadTree) -> Iterator[Fact]:
    for file in tree.of_role("manifest", "practice"):
        if "/" not in file.path:
            for row in file.all("script", "task"):
                if "test" in row.says.split("`")[1]:
                    yield file.fact(row, says=f"run by {row.says}")


def ci(tree: ReadTree) -> Iterator[Finding]:
    rows = [(file, row) for file in tree.of_role("practice") for row in file.all("workflow") if _is_workflow(file.path)]
    facts = [file.fact(row) for file, row in sorted(rows, key=lambda pair: pair[0].first("runs") is None)]
    if facts:
        names = [fact.says.partition(" on ")[0].partition(":")[0] for fact in facts]
        told = ", ".join(dict.fromkeys(names[:8]))
        more = max(0, len(facts) - _MOST_WORKFLOWS)
        yield Finding("ci", "", told, tuple(facts[:_MOST_WORKFLOWS]), more)


def _is_workflow(path: str) -> bool:
    return path.startswith(_WORKFLOW_FOLDERS) or ("/" not in path and path.lower().startswith(_WORKFLOW_FILES))


def checks(tree: ReadTree) -> Iterator[Finding]:
    """Linters, formatters, type checkers, and the commands that a person types."""
    facts: dict[tuple[str, str], Fact] = {}
    for file in tree.of_role("manifest", "practice"):
        for row in file.all("checks with"):
            group = "before a commit" if file.path.endswith((".yaml", ".yml")) else "with"
            facts.setdefault((group, row.says), file.fact(row, group=group))
    commands = [
        file.fact(row, says=f"{row.says} ({file.path})" if row.topic == "task" else "")
        for file in tree.of_role("manifest", "practice")
        if "/" not in file.path
        for row in file.all("script", "task")
        if "test" not in row.says.split("`")[1]
    ]
    names = sorted(dict.fromkeys(name for _, name in facts), key=lambda name: _CHORE.match(name) is not None)
    found = (*facts.values(), *commands[:_MOST_COMMANDS])
    if found:
        told = ", ".join(names[:6]) or ", ".join(fact.says.split("`")[1] for fact in commands[:4])
        yield Finding("check", "", told, found[:40], max(0, len(found) - 40))
