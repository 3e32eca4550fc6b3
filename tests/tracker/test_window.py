"""Facts within a window become one change each: pure."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.tracker.change import Change
from contox_hooks.tracker.tree import Fact
from contox_hooks.tracker.window import Window

OLD, NEW, NEWER, OTHER = 1, 2, 3, 4
Told = list[tuple[str, str | None, str, int]]


def told(*facts: tuple[str, int | None, int | None], writes: int = 0) -> Told:
    window = Window(2.0)
    for path, before, after in facts:
        window.add(Fact(path, before, after), 100.0, writes=writes)
    return [(change.kind, change.old_path, change.path, change.count) for change in window.take_all()]


CASES: dict[str, tuple[list[tuple[str, int | None, int | None]], Told]] = {
    "made and written": ([("a", None, OLD), ("a", OLD, NEW)], [("created", None, "a", 1)]),
    "made and gone": ([("a", None, OLD), ("a", OLD, None)], []),
    "gone and made": ([("a", OLD, None), ("a", None, NEW)], [("edited", None, "a", 1)]),
    "gone and back": ([("a", OLD, None), ("a", None, OLD)], []),
    "moved": ([("a", OLD, None), ("b", None, OLD)], [("moved", "a", "b", 1)]),
    "moved, found the other way round": ([("b", None, OLD), ("a", OLD, None)], [("moved", "a", "b", 1)]),
    "moved, then written": ([("a", OLD, None), ("b", None, OLD), ("b", OLD, NEW)], [("moved", "a", "b", 1)]),
    "written, then moved": ([("a", OLD, NEW), ("a", NEW, None), ("b", None, NEW)], [("moved", "a", "b", 1)]),
    "moved over another": ([("a", OLD, None), ("b", OTHER, OLD)], [("moved", "a", "b", 1)]),
    "moved twice": ([("a", OLD, None), ("b", None, OLD), ("b", OLD, None), ("c", None, OLD)], [("moved", "a", "c", 1)]),
    "moved by way of a name that came and went": (
        [("b", None, NEW), ("b", NEW, None), ("a", OLD, None), ("b", None, OLD), ("b", OLD, None), ("c", None, OLD)],
        [("moved", "a", "c", 1)],
    ),
    "moved there and back": ([("a", OLD, None), ("b", None, OLD), ("b", OLD, None), ("a", None, OLD)], []),
    "saved beside and moved over": ([("t", None, NEW), ("t", NEW, None), ("a", OLD, NEW)], [("edited", None, "a", 1)]),
    "saved beside, moved to a new name": ([("t", None, NEW), ("t", NEW, None), ("a", None, NEW)], [("created", None, "a", 1)]),
    "saved with the old one moved away": (
        [("a", OLD, None), ("a~", None, OLD), ("a", None, NEW), ("a~", OLD, None)],
        [("edited", None, "a", 1)],
    ),
    "another file with the number of the first": ([("a", OLD, None), ("b", None, NEW)], [("deleted", None, "a", 1), ("created", None, "b", 1)]),
    "one of two names of a file gone": ([("a", OLD, OLD), ("b", OLD, None)], [("deleted", None, "b", 1)]),
    "looked at, as before": ([("a", OLD, OLD)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_change_says_what_came_of_it(name: str) -> None:
    facts, expected = CASES[name]
    assert told(*facts) == expected


def test_writes_are_counted_and_make_an_edit_of_what_looks_the_same() -> None:
    assert told(("a", OLD, OLD), ("a", OLD, NEW), ("a", NEW, NEWER), writes=5) == [("edited", None, "a", 15)]
    assert told(("a", None, OLD), ("a", OLD, OLD), writes=2) == [("created", None, "a", 4)]


def test_a_window_opens_for_each_path_with_its_first_fact() -> None:
    window = Window(2.0)
    window.add(Fact("a", None, OLD), 10.0)
    window.add(Fact("b", None, NEW), 11.5)
    assert window.take_due(11.9) == []
    window.add(Fact("a", OLD, NEWER), 11.9)
    (change,) = window.take_due(12.0)
    assert (change.kind, change.path, change.at) == ("created", "a", 10.0)
    window.add(Fact("a", NEWER, OTHER), 12.1)
    assert [(change.kind, change.path) for change in window.take_due(14.2)] == [("created", "b"), ("edited", "a")]
    assert not len(window)


def test_both_ends_of_a_move_are_told_when_the_first_is_due() -> None:
    window = Window(2.0)
    window.add(Fact("a", OLD, None), 10.0)
    window.add(Fact("b", None, OLD), 11.9)
    assert [(change.kind, change.at) for change in window.take_due(12.0)] == [("moved", 10.0)]
    assert window.take_due(20.0) == []


def test_a_clock_that_is_set_back_holds_nothing_back() -> None:
    window = Window(2.0)
    window.add(Fact("a", None, OLD), 10_000.0)
    assert [change.path for change in window.take_due(5.0)] == ["a"]


NAMES = st.sampled_from("abcd")


@settings(max_examples=150, deadline=None)
@given(
    st.sets(NAMES), st.lists(st.tuples(st.sampled_from(["write", "remove", "move", "wait"]), NAMES, NAMES), max_size=14)
)
def test_what_is_told_leads_from_what_was_to_what_is(first: set[str], steps: list[tuple[str, str, str]]) -> None:
    stamps = count(1)
    files: dict[str, int] = {name: next(stamps) for name in first}
    known = set(first)
    window = Window(2.0)

    def put(name: str, stamp: int | None, now: float) -> None:
        before = files.pop(name, None)
        if stamp is not None:
            files[name] = stamp
        if before != stamp:
            window.add(Fact(name, before, stamp), now)

    def tell(changes: list[Change]) -> None:
        for change in changes:
            source = change.old_path or change.path
            assert (source in known) == (change.kind != "created")
            if change.kind in ("moved", "deleted"):
                known.remove(source)
            if change.kind != "deleted":
                known.add(change.path)

    for now, (kind, name, other) in enumerate(steps):
        if kind == "write":
            put(name, next(stamps), now)
        elif kind == "remove":
            put(name, None, now)
        elif kind == "move" and name in files and name != other:
            stamp = files[name]
            put(name, None, now)
            put(other, stamp, now)
        else:
            tell(window.take_due(now))
    tell(window.take_all())
    assert known == set(files)
