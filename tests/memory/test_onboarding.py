"""The guide: nine sections, each statement with what it stands on."""

from __future__ import annotations

import pytest

from contox_hooks.memory.report.manifest import introduction, runtime_and_dependencies
from contox_hooks.memory.report.onboarding import Guide, Sources, guide_of
from tests.memory.events import DAY
from tests.memory.items import item, touch

IDS = ["what-it-is", "stack", "architecture", "decisions", "conventions", "areas", "gotchas", "start", "key-files"]
TREE = ["CONTRIBUTING.md", "README.md", "app/cli.py", "app/db.py", "app/json/tag.py", "pyproject.toml", "tests/test_db.py", "tox.ini"]  # fmt: skip
ITEMS = [
    item(1, "Use SQLite", type="decision", rationale="One file.", files=("app/db.py",)),
    item(2, "Names are singular", type="convention"),
    item(3, "Split cli and db", type="architecture", files=("app/db.py",)),
    item(4, "Fix the lock", type="bug", rationale="Two writers met."),
    item(5, "Pages are numbered", status="review", status_reason="app/db.py changed in 123"),
    item(6, "TODO: retry", type="todo"),
    item(7, "Clients must page", tags=("breaking-change",), impact="Breaking: clients must page"),
    item(8, "Need Python 3.11", schema_key="root/stack"),
]


def guide(**changed: object) -> Guide:
    said: dict[str, object] = {
        "items": ITEMS,
        "touches": [touch(1, "app/db.py"), touch(2, "app/cli.py", at=DAY - 400 * 86_400)],
        "touches_cut": False,
        "tracked": TREE,
        "users": {"app/db.py": frozenset({"app/cli.py", "tests/test_db.py"})},
        "texts": {
            "README.md": "# Work\n\nWork keeps orders in one file and answers questions about them.\n",
            "pyproject.toml": '[project]\nrequires-python = ">=3.11"\n',
        },
        **changed,
    }
    return guide_of("work", Sources(**said), generated_at=DAY)  # type: ignore[arg-type]


def content(told: Guide, name: str) -> str:
    return next(section.content for section in told.sections if section.id == name)


def test_nine_sections_also_of_nothing() -> None:
    empty = guide(items=[], touches=[], tracked=[], users={}, texts={})
    assert [section.id for section in empty.sections] == IDS == [section.id for section in guide().sections]
    assert {section.content for section in empty.sections} == {"_Nothing is known of this yet._"}
    assert empty.items_used == 0


def test_each_statement_cites_item_file_or_git() -> None:
    told = guide()
    for section in told.sections:
        for line in section.content.splitlines():
            assert line.endswith((")", "_")) or not line, (section.id, line)
    assert told.items_used == len(ITEMS)


EXPECTED = [
    (
        "what-it-is",
        "- Work keeps orders in one file and answers questions about them. (README.md)\n- 2 commits between",
    ),
    ("stack", "- runs on Python >=3.11 (pyproject.toml)"),
    ("stack", "- **Need Python 3.11** (2025-10-09, commit 000000000000, item 01ITEM"),
    ("architecture", "- `app`: 2 source files; most used: db.py, by 2 files (git)"),
    ("architecture", "- **Split cli and db**"),
    ("decisions", "- **Use SQLite**: One file. (2025-10-09, commit"),
    ("conventions", "- **Names are singular** ("),
    ("areas", "- `app/db.py`, 1 commit in 90 days: latest, "),
    ("gotchas", "- Breaking: clients must page (2025"),
    ("gotchas", "- Fixed before: the lock: Two writers met. ("),
    ("gotchas", "- May no longer hold: Pages are numbered (app/db.py changed in 123) ("),
    ("start", "- Read README.md, CONTRIBUTING.md (git)"),
    ("start", "- Tests are in `tests`, 1 file; run: tox (tox.ini) (git)"),
    ("start", "- Left open: retry ("),
    ("key-files", "- `app/db.py`: used by 2 files, changed in 1 of the last 2 commits (git)"),
]


@pytest.mark.parametrize(("section", "text"), EXPECTED)
def test_what_is_told_where(section: str, text: str) -> None:
    assert text in content(guide(), section)


def test_what_is_in_doubt_is_not_told_as_true() -> None:
    doubtful = item(1, "Use SQLite", type="decision", status="review")
    assert "SQLite" not in content(guide(items=[doubtful]), "decisions")


def test_limits_are_said() -> None:
    assert "- more than 2 commits, the latest of 2025-10-09, 8 files (git)" in content(
        guide(touches_cut=True), "what-it-is"
    )
    many = [item(number, f"Use part {number}", type="decision") for number in range(30)]
    told = content(guide(items=many), "decisions")
    assert told.count("**Use part") == 12
    assert told.endswith("\n_18 more: contox-hooks memory --type decision -n 30_")


def test_the_wire_form_is_the_contracts() -> None:
    wire = guide().to_wire()
    assert wire["projectName"] == "work"
    assert set(wire["guide"]) == {"sections", "generatedAt", "itemsUsed", "usage"}
    assert set(wire["guide"]["sections"][0]) == {"id", "title", "content", "keyFiles"}


README_TEXTS = [
    ("# X\n\n[![CI](https://ci)](https://x)\n\nX is a [tool](https://x) that does a great deal for people.\n", "X is a tool that does a great deal for people."),
    ("X\n=\n\nX is a tool that `does <https://x>`_ a great deal for people.\n", "X is a tool that does a great deal for people."),
    ("<p align=center>\n<img src=x>\n</p>\n\n> quoted words that nobody needs to read at all here\n", None),
    ("# X\n\nshort\n", None),
    ("X (x)\n-----\nX is a tool that does a great deal\nfor people.\n\n[![CI](https://ci)](https://x)\n", "X is a tool that does a great deal for people."),
    ("<kbd>\n\n  Show your love with shirts of the best make, which are now sold!\n\n</kbd>\n\n---\n\nX is a tool that does a great deal for people.\n", "X is a tool that does a great deal for people."),
    ("<p>X is a tool that does a great deal for people.</p>\n", "X is a tool that does a great deal for people."),
    ("Who waits for pages loses both time and patience over them.\n\nEnter X. X is a tool for those who read a lot.\n", "Enter X. X is a tool for those who read a lot."),
    ("The `package tool`_ of people who like it short and to the point.\n", "The package tool of people who like it short and to the point."),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), README_TEXTS)
def test_introduction(text: str, told: str | None) -> None:
    assert introduction(text) == told


MANIFEST_TEXTS = [
    ("pyproject.toml", '[project]\nrequires-python = ">=3.11"\ndependencies = ["typer>=1", "rich"]', ["runs on Python >=3.11", "depends on typer, rich"]),
    ("setup.cfg", "[options]\ninstall_requires =\n    cfgv>=2\n    pyyaml\npython_requires = >=3.10\n", ["runs on Python >=3.10", "depends on cfgv, pyyaml"]),
    ("package.json", '{"engines": {"node": ">=18"}, "dependencies": {"react": "1"}}', ["runs on node >=18", "depends on react"]),
    ("Cargo.toml", '[package]\nrust-version = "1.70"\n[dependencies]\nserde = "1"', ["runs on Rust 1.70", "depends on serde"]),
    ("Cargo.toml", '[workspace.package]\nrust-version = "1.70"\n[package]\nrust-version.workspace = true\n[dependencies]\nserde = "1"', ["runs on Rust 1.70", "depends on serde"]),
    ("Cargo.toml", "[package]\nrust-version.workspace = true", []),
    ("go.mod", "module x\ngo 1.22\nrequire example.org/y v1.0.0\n", ["runs on Go 1.22", "depends on example.org/y"]),
    ("Gemfile", "gem 'rails'\n", ["depends on rails"]),
    ("pyproject.toml", "[project", []),
    ("package.json", "[]", []),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "told"), MANIFEST_TEXTS)
def test_manifests(path: str, text: str, told: list[str]) -> None:
    assert runtime_and_dependencies(path, text) == told
