"""What a title and facts state, as far as dedup compares it."""

from __future__ import annotations

import pytest

from contox_hooks.pipeline.statement import (
    Change,
    Choice,
    Value,
    act_of,
    changes_told,
    choice_of,
    every_change,
    folded,
    is_vague,
    side_of,
    title_words,
    value_of,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fix x", "Fixes the x"),
        ("Fix hooks for Cygwin", "Fix hooks for Cygwin - take 2"),
        ("Edit comment (a.py)", "Edit comment again (a.py)"),
        ("Update rbenv / ruby-build versions", "Upgrade rbenv / ruby-build"),
        ("Bump mypy", "Update to the latest mypy version"),
    ],
)
def test_the_same_words(one: str, other: str) -> None:
    assert title_words(one) == title_words(other) != ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use http for the proxy", "Use https for the proxy"),
        ("Raise the timeout from 5 to 10", "Raise the timeout from 10 to 5"),
        ("Expose remote branch ref", "Expose local branch ref"),
        ("Add tests for x", "Remove tests for x"),
        ("Bump mypy to 1.2", "Bump mypy to 1.3"),
    ],
)
def test_other_words(one: str, other: str) -> None:
    assert title_words(one) != title_words(other)


def test_a_title_without_its_request() -> None:
    assert folded("Add  Paging (#123).") == folded("add paging") == "add paging"


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("Require Werkzeug >= 2.2", Value("require werkzeug", (2, 2), False)),
        ("Drop support for Python 3.7", Value("drop python", (3, 7), True)),
        ("Drop end of life Python 3.7", Value("drop python", (3, 7), True)),
        ("Bump ruff to v0.5.1 (#12)", Value("update ruff", (0, 5, 1), False)),
        ("Add support for Python 3.12", None),  # both stand
        ("Update typing for Python 3.12", None),
        ("Fix crash on 3.7", None),
        ("Use HTTP/2", None),
        ("Drop the workaround for #37", None),
        ("Raise the timeout from 5 to 10", None),
        ("Bump to 2", None),
        ("", None),
    ],
)
def test_the_value_that_a_title_chooses(title: str, value: Value | None) -> None:
    assert value_of(title) == value


FACTS = """- setup.py: moves dependency `cfgv` from `>=1.0` to `>=1.3`; `SIZE` goes from `1` to `2`
- a.yaml: `rev: v1` becomes `rev: v2`
2 files, +3 −3: setup.py, a.yaml
In the code:
- `def install(x)` (setup.py)"""


def test_changes_that_the_facts_tell() -> None:
    told = (
        Change("dependency cfgv", ">=1.0", ">=1.3"), Change("SIZE in setup.py", "1", "2"),
        Change("a line of a.yaml", "rev: v1", "rev: v2"),
    )  # fmt: skip
    assert changes_told(FACTS) == every_change(FACTS) == told


@pytest.mark.parametrize("more", ["It was too slow.\n", "- b.py: adds `x`\n", "- a point of the message\n"])
def test_facts_that_tell_more_are_not_only_changes(more: str) -> None:
    assert changes_told(more + FACTS) == ()
    assert len(every_change(more + FACTS)) == 3


def test_changes_that_deep_enrichment_tells() -> None:
    facts = FACTS + "\n- `def f(a)` becomes `def f(a, b)` (setup.py)"
    assert changes_told(facts)[-1] == every_change(facts)[-1] == Change("a line of setup.py", "def f(a)", "def f(a, b)")


def test_an_item_over_many_lines_tells_more_than_it_says() -> None:
    assert changes_told(FACTS.replace("+3 −3", "+345 −209")) == ()


def test_code_that_came_is_more_than_a_changed_value() -> None:
    assert changes_told(FACTS + "\n- adds `def new()` (setup.py)") == ()


@pytest.mark.parametrize(
    ("title", "choice"),
    [
        ("Use httpx for the tests", Choice("httpx", None, "for test")),
        ("Replace `requests` with httpx", Choice("httpx", "requests", "")),
        ("Switch from tox to nox in CI", Choice("nox", "tox", "in ci")),
        ("Use nox instead of tox", Choice("nox", "tox", "")),
        ("Use the new parser", None),
        ("Use a newer version of ruby which builds cleanly", None),
        ("Replace x with x", None),
    ],
)
def test_choices(title: str, choice: Choice | None) -> None:
    assert choice_of(title) == choice


def test_sides() -> None:
    assert side_of("Add paging to the list") == ("be pag at list", True)
    assert side_of("Remove paging from the list") == ("be pag at list", False)
    assert side_of("Enable paging of lists") != side_of("Add paging of lists")
    assert side_of("Add tests") is None  # of what?
    assert side_of("Fix paging in lists") is None


def test_reverts() -> None:
    assert act_of("Add Paging (#3)") == act_of('Revert "Revert "Add paging""') == ("add paging", True)
    assert act_of("Revert “Add Paging (#3)”") == act_of('Revert "Reapply "Add paging""') == ("add paging", False)
    assert act_of("Reapply “Add paging”") == act_of("Revert “Revert “Add paging””") == ("add paging", True)
    assert act_of("Revert to the old way") == ("revert to the old way", True)


@pytest.mark.parametrize(
    ("title", "vague"),
    [
        ("Merge commit from fork", True), ("Update README (README.md)", True), ("Bump for release", True),
        ("Add tests", True), ("Fix RuboCop errors", True), ("Split exceptions into a package", False),
        ("Require exception groups in the interpreter", False),
    ],
)  # fmt: skip
def test_titles_that_many_changes_have(title: str, vague: bool) -> None:
    assert is_vague(title) is vague
