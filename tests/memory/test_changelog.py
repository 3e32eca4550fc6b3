"""The changelog: what is told to whom, in which order, and what was left out."""

from __future__ import annotations

import random

import pytest

from contox_hooks.memory.report.changelog import MAX_FILES, Changelog, Mode, changelog_of, heading_of
from contox_hooks.memory.report.telling import telling_lines
from tests.memory.events import DAY
from tests.memory.items import item, touch

D = 86_400
ITEMS = [
    item(1, "Add paging", at_utc=DAY, rationale="Lists grew.", session_id="s1"),
    item(2, "Fix the offset", at_utc=DAY, type="bug", session_id="s2"),
    item(3, "Drop Python 3.8", at_utc=DAY - D, type="decision", tags=("breaking-change",), impact="Breaking: no 3.8"),
    item(4, "Test paging", at_utc=DAY - D, files=("tests/test_a.py",), schema_key="root/testing"),
    item(5, "Old news", at_utc=DAY - 40 * D),
]
TOUCHES = [touch(1, "app.py", "b.py"), touch(3, "setup.cfg", at=DAY - D), touch(5, "app.py", at=DAY - 40 * D)]


def told(mode: Mode = "developer", **options: int) -> Changelog:
    return changelog_of(ITEMS, TOUCHES, mode=mode, since=DAY - 30 * D, until=DAY, **options)


def test_a_developer_reads_days_newest_first_with_commits() -> None:
    log = told()
    assert [entry.date for entry in log.entries] == ["2025-10-09", "2025-10-08"]
    assert (log.commits, log.items, log.left_out) == (2, 4, 0)
    first = log.entries[0]
    assert first.changelog == (
        "### Added\n\n- Add paging (000000000000)\n  - Why: Lists grew.\n\n### Fixed\n\n- Fix the offset (000000000000)\n"
    )
    assert first.summary == "1 added, 1 fixed: Add paging; Fix the offset."
    assert first.session_count == 2
    assert first.files_modified == ("app.py", "b.py")
    assert log.entries[1].impacts == ("Breaking: no 3.8",)
    assert "Old news" not in log.markdown("x")


def test_product_reads_weeks_without_tests_and_is_told_so() -> None:
    log = told("product")
    assert [entry.date for entry in log.entries] == ["2025-10-06"]
    assert log.left_out == 1
    assert "Test paging" not in log.entries[0].changelog
    assert "- Add paging: Lists grew." in log.entries[0].changelog
    assert "1 change to tests, CI and documents left out" in log.markdown("x")
    assert "### Impact\n\n- Breaking: no 3.8" in log.markdown("x")


def test_executives_read_months_and_only_the_weightiest() -> None:
    many = [item(number, f"Add part {number}", importance=5 if number == 7 else 3) for number in range(20)]
    log = changelog_of(many, [], mode="executive", since=DAY - D, until=DAY)
    entry = log.entries[0]
    assert entry.date == "2025-10-01"
    assert entry.changelog.startswith("### Added\n\n- Add part 7\n")
    assert entry.changelog.endswith("\n_and 12 smaller ones_\n")


def test_the_same_items_in_any_order_give_the_same_bytes() -> None:
    shuffled = random.Random(1).sample(ITEMS, len(ITEMS))
    assert changelog_of(shuffled, TOUCHES, mode="developer", since=DAY - 30 * D, until=DAY) == told()


def test_limits_are_said() -> None:
    log = told(limit=1)
    assert (len(log.entries), log.total, log.to_wire()["hasMore"]) == (1, 2, True)
    assert "_1 earlier entries are not shown._" in log.markdown("x")
    wide = changelog_of(
        ITEMS, [touch(1, *(f"f{n:03}.py" for n in range(70)))], mode="developer", since=DAY - D // 2, until=DAY
    )
    assert (len(wide.entries[0].files_modified), wide.entries[0].files_cut) == (MAX_FILES, 20)


def test_the_wire_form_is_the_contracts() -> None:
    wire = told().to_wire()
    assert set(wire) >= {"entries", "total", "hasMore", "mode", "range"}
    assert wire["range"] == {"since": "2025-09-09T08:53:20Z", "until": "2025-10-09T08:53:20Z"}
    assert set(wire["entries"][0]) >= {
        "date", "summary", "changelog", "risks", "impacts", "sessionCount", "filesModified",
    }  # fmt: skip


def test_risks_are_doubt_open_ends_and_migrations() -> None:
    items = [
        item(1, "Keep X", status="review", status_reason="a.py changed in 123"),
        item(2, "TODO: retry", type="todo"),
        item(3, "Store orders", tags=("migration",)),
    ]
    risks = changelog_of(items, [], mode="developer", since=DAY - D, until=DAY).entries[0].risks
    assert sorted(risks) == [
        "left open: retry", "may no longer hold: Keep X (a.py changed in 123)", "migrates stored data: Store orders",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "fields", "heading"),
    [
        ("Add x", {}, "Added"),
        ("Removed x", {}, "Removed"),
        ("Drop x", {"type": "decision"}, "Removed"),
        ("Use x", {"type": "decision"}, "Decisions"),
        ("Fix x", {"type": "bug"}, "Fixed"),
        ("Deprecate x", {"tags": ("deprecation",)}, "Deprecated"),
        ("Add x", {"tags": ("breaking-change",)}, "Breaking"),
        ("TODO: x", {"type": "todo"}, "Left open"),
        ("Tidy x", {}, "Changed"),
    ],
)
def test_headings(title: str, fields: dict[str, object], heading: str) -> None:
    assert heading_of(item(1, title, **fields)) == heading


def test_lines_worth_telling() -> None:
    facts = "\n".join([
        "- Use SQLite", "- app.py: changes `A`, `B`", "- tests/test_a.py: adds tests `t`", "- app.py: adds `f`",
        "- It is quick (changelog)", "In the code:", "- `def f() -> int` (app.py)", "Co-authored-by: Ada <a@example.org>",
        "2 commits, 2 files, +3 −1: app.py, tests/test_a.py",
    ])  # fmt: skip
    found = item(1, "Use SQLite.", facts=facts, rationale="One file.", files=("app.py", "tests/test_a.py"))
    assert telling_lines(found) == [("One file.", True), ("It is quick", False), ("app.py: adds `f`", False)]


def test_what_it_does_comes_before_its_upkeep() -> None:
    items = [
        item(1, "Bump the store to 2.0", schema_key="root/stack", files=("package.json",), importance=5),
        item(2, "Run tests on macs", files=(".github/workflows/ci.yml",), importance=4),
        item(3, "Show totals", importance=2),
        item(4, "Need a store", type="decision", schema_key="root/stack", files=("package.json",), importance=4),
    ]
    log = changelog_of(items, [], mode="developer", since=DAY - D, until=DAY)
    lines = [line[:-15] for line in log.entries[0].changelog.split("\n") if line.startswith(("- ", "###"))]
    assert [line for line in lines if line.startswith("- ")] == [
        "- Need a store", "- Show totals", "- Bump the store to 2.0", "- Run tests on macs",
    ]  # fmt: skip
    assert heading_of(items[0]) == heading_of(items[1]) == "Upkeep"
    assert log.entries[0].summary.endswith("Need a store; Show totals.")
