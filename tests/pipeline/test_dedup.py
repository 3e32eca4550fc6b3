"""What items are to each other: NEW, REINFORCE, SUPERSEDE, CONTRADICT; whatever order they come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.pipeline.dedup import Decisions, Merge, contradicts, decide, replaces, same
from contox_hooks.pipeline.dedup_item import DedupItem

NORTH, EAST = np.array([1, 0], np.float16), np.array([0, 1], np.float16)
NEARLY_NORTH = np.array([0.98, 0.199], np.float16)
LINES = frozenset({("a.py", "+ the quick brown fox jumps over the lazy dog")})
MORE = frozenset({("a.py", "+ a line"), ("b.py", "+ another line")})
FIRST, OTHERS = (frozenset({("a.py", f"+ {whose} {60 * 'x'}")}) for whose in ("one's", "the other's"))
FILES = frozenset({"a.py"})
PLAIN = "Split exceptions into a package"


def decide_merges(new: list[DedupItem], existing: list[DedupItem] | None = None) -> list[Merge]:
    return decide([*(existing or []), *new]).merges


def told(path: str, name: str, before: str, after: str) -> str:
    return f"- {path}: `{name}` goes from `{before}` to `{after}`\n1 file, +1 −1: {path}"


T12, T13 = told("a.py", "TIMEOUT", "1", "2"), told("a.py", "TIMEOUT", "1", "3")


def thing(id_: str, **fields: Any) -> DedupItem:
    return replace(DedupItem(id_, "bug", None, f"title {id_}", "", at_utc=5), **fields)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"dedup_hint": "a:b:c"}, {"dedup_hint": "a:b:c"}, "same dedup hint"),
        ({"title": "Add  Paging (#3)", "lines": LINES}, {"title": "add paging", "lines": LINES}, "same title, same lines"),
        ({"title": PLAIN, "lines": LINES}, {"title": PLAIN, "lines": LINES | MORE}, "same title, same lines"),
        ({"title": PLAIN, "lines": LINES | FIRST}, {"title": PLAIN, "lines": LINES | OTHERS}, None),  # less than half
        ({"title": "Fix", "commits": frozenset("ab")}, {"title": "fix", "commits": frozenset("b")}, "same title, same commit"),
        ({"title": "Fix", "facts": "Why.\n1 file, +1 −1: a"}, {"title": "Fix", "facts": "why.\n1 file, +2 −9: a"}, "same title, same facts"),
        ({"title": PLAIN, "files": FILES}, {"title": PLAIN, "files": FILES | {"b.py"}}, "same title, same files"),
        ({"title": PLAIN, "files": FILES}, {"title": PLAIN, "files": FILES, "at_utc": 40 * 86_400}, None),  # a rite
        ({"title": PLAIN, "files": FILES, "facts": T12}, {"title": PLAIN, "files": FILES, "facts": T13}, None),
        ({"title": PLAIN, "files": FILES}, {"title": PLAIN, "files": frozenset({"b.py"})}, None),
        ({"title": PLAIN}, {"title": PLAIN}, None),
        ({"title": "Merge commit from fork", "files": FILES}, {"title": "Merge commit from fork", "files": FILES}, None),
        ({"title": "Update README", "facts": "1 file, +1 −1: a"}, {"title": "Update README", "facts": "1 file, +1 −1: a"}, None),
        ({"title": "Update README", "dedup_hint": "a:b:update-readme"}, {"title": "Update README", "dedup_hint": "a:b:update-readme"}, None),
        ({"title": PLAIN, "lines": LINES}, {"title": PLAIN, "lines": LINES, "type": "todo"}, None),
        (
            {"vectors": NORTH, "title": "Fix x", "lines": LINES | MORE}, {"vectors": NEARLY_NORTH, "title": "Fixed the x", "lines": LINES},
            "same meaning (0.98), same lines",
        ),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": NORTH, "title": "Fixed the x"}, None),
        ({"lines": LINES, "title": "Fix x of y"}, {"lines": LINES, "title": "Backport: fix x of y"}, "same lines"),
        ({"group": "g"}, {"group": "g"}, "merged before"),
        ({"lines": LINES, "title": "Fix x of y"}, {"lines": LINES, "title": "Say why"}, None),
        ({"lines": LINES, "title": "Master is 0.8"}, {"lines": LINES, "title": "Master is 0.9"}, None),
        ({"dedup_hint": "a:b:c"}, {"dedup_hint": "a:b:c", "type": "todo"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": NORTH, "title": "Fixed x", "type": "todo"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": EAST, "title": "Fixed x"}, None),
        ({"vectors": np.array([NORTH, EAST]), "title": "Fix x"}, {"vectors": NORTH, "title": "Fixed x"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": None, "title": "Fixed x"}, None),
        ({"vectors": NORTH, "title": "The"}, {"vectors": NORTH, "title": "A"}, None),
        ({"title": ""}, {"title": ""}, None),
        ({"vectors": 0 * NORTH}, {"vectors": 0 * NORTH}, None),
    ],
)  # fmt: skip
def test_what_is_the_same(one: dict[str, Any], other: dict[str, Any], reason: str | None) -> None:
    left, right = thing("b", **one), thing("a", **other)
    assert same(left, right) == same(right, left) == reason
    assert [merge.reason for merge in decide_merges([left], [right])] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refuse to migrate an invalid configuration", "Remove duplicate warnings while running autoupdate"),
        ("Drop support for Python 3.7", "Drop support for Python 3.8"),
        ("Switch from requests to httpx", "Switch from httpx to requests"),
        ("Use a newer version of ruby", "Speed up ruby tests"),
        ("Add tests for x", "Remove tests for x"),
        ("Allow redirects in get", "Do not allow redirects in get"),
        ("Enable HTTP/2 by default", "Turn off HTTP/2 by default"),
        ("Use http for the proxy", "Use https for the proxy"),
        ("Raise the timeout from 5 to 10", "Raise the timeout from 10 to 5"),
        ("Expose remote branch ref", "Expose local branch ref"),
    ],
)
def test_equal_vectors_alone_make_nothing_the_same(one: str, other: str) -> None:
    assert decide_merges([thing("b", title=one, vectors=NORTH)], [thing("a", title=other, vectors=NORTH)]) == []


@pytest.mark.parametrize(
    ("older", "newer", "reason"),
    [
        ({"title": "Require ruff 0.4"}, {"title": "Require ruff 0.5"}, "0.4 became 0.5"),
        ({"title": "Require ruff 0.5"}, {"title": "Require ruff 0.4"}, "0.5 became 0.4"),
        ({"title": "Drop Python 3.6"}, {"title": "Drop Python 3.7"}, "3.6 became 3.7"),
        ({"title": "Drop Python 3.7"}, {"title": "Drop Python 3.6"}, None),
        ({"title": "Drop Python 2"}, {"title": "Drop Python 3.6"}, None),
        ({"title": "Add support for Python 3.7"}, {"title": "Add support for Python 3.8"}, None),
        ({"title": "Use requests for fetching"}, {"title": "Replace requests with httpx"}, "httpx instead of requests"),
        ({"title": "Use requests for tests"}, {"title": "Switch from requests to httpx for the client"}, None),
        ({"title": "Use requests"}, {"title": "Replace urllib with httpx"}, None),
        ({"title": "Revert “Add paging”"}, {"title": "Add paging (#7)"}, "done again after it was reverted"),
        ({"title": "Revert “Add paging”"}, {"title": "Reapply “Add paging”"}, "done again after it was reverted"),
        ({"title": "Revert “Add paging”"}, {"title": "Revert “Revert \"Add paging\"”"}, "done again after it was reverted"),
        ({"title": "Revert “x”", "commits": frozenset("r")}, {"title": "Reapply “y”", "takes_back": "r"}, "done again after it was reverted"),
        ({"title": "Revert “x”", "commits": frozenset("r")}, {"title": "Reapply “x”", "takes_back": "q"}, None),
        ({"title": "msrv: bump to Rust 1.65.0"}, {"title": "cargo: set MSRV to 1.70"}, "1.65 became 1.70"),
        (
            {"title": "msrv: bump to Rust 1.88", "facts": told("Cargo.toml", "rust-version", '"1.72"', '"1.88"')},
            {"title": "Polish", "facts": told("Cargo.toml", "rust-version", '"1.88"', '"1.85"')}, "1.88 became 1.85",
        ),
        (
            {"title": "Polish", "facts": "Why.\n" + told("Cargo.toml", "rust-version", '"1.72"', '"1.88"')},
            {"title": "cargo: set MSRV to 1.85", "facts": told("Cargo.toml", "rust-version", '"1.88"', '"1.85"')}, None,
        ),
        (
            {"facts": told("a.py", "TIMEOUT", "5", "10")}, {"facts": told("a.py", "TIMEOUT", "10", "30")},
            "TIMEOUT in a.py went on from 10 to 30",
        ),
        (
            {"facts": "- a.py: `def f(a)` becomes `def f(a, b)`"}, {"facts": "- a.py: `def f(a, b)` becomes `def f(a, b, c)`"},
            "a line of a.py went on from def f(a, b) to def f(a, b, c)",
        ),
        ({"facts": "- a.py: `x = 1` becomes `x = 2`"}, {"facts": "- a.py: `x = 2` becomes `x = 3`"}, "a line of a.py went on from x = 2 to x = 3"),
        ({"facts": "- a.js: `return 1` becomes `return 2`", "title": "Speed up"}, {"facts": "- a.js: `return 2` becomes `return 3`"}, None),
        ({"facts": told("a.yml", "if", "x", "y"), "title": "Run a"}, {"facts": told("a.yml", "if", "y", "z"), "title": "Run a"}, None),
        ({"facts": told("a.py", "TIMEOUT", "5", "10")}, {"facts": told("a.py", "TIMEOUT", "5", "30")}, None),
        ({"facts": told("a.py", "TIMEOUT", "5", "10")}, {"facts": told("b.py", "TIMEOUT", "10", "30")}, None),
        ({"facts": "Why.\n" + told("a.py", "T", "5", "10")}, {"facts": told("a.py", "T", "10", "30")}, None),
        ({"facts": told("a", "v", '["3.8"]', '["3.8", "3.9"]')}, {"facts": told("a", "v", '["3.8", "3.9"]', '["3.9"]')}, None),
        (
            {"facts": told("a", "v", '["3.8"]', '["3.8", "3.9"]')}, {"facts": told("a", "v", '["3.8", "3.9"]', '["3.8"]')},
            'v in a went on from ["3.8", "3.9"] to ["3.8"]',
        ),
        (
            {"facts": told("a", "v", '["7"]', "[]"), "title": "Remove 7 from the tests"},
            {"facts": told("a", "v", "[]", '["7"]')}, None,
        ),
        ({"facts": told("a", "rev", "1", "2"), "title": "Bump x"}, {"facts": told("a", "rev", "2", "3"), "title": "Bump y"}, None),
        (
            {"facts": told("a", "rev", "1", "2"), "title": "Bump x"}, {"facts": told("a", "rev", "2", "3"), "title": "Move x on"},
            "rev in a went on from 2 to 3",
        ),
    ],
)  # fmt: skip
def test_what_is_replaced(older: dict[str, Any], newer: dict[str, Any], reason: str | None) -> None:
    old, new = thing("o", **older), thing("n", **{**newer, "at_utc": 9})
    assert replaces(new, old) == reason
    found = decide([new, old]).replacements
    assert [(each.newer_id, each.older_id, each.reason) for each in found] == ([("n", "o", reason)] if reason else [])


@pytest.mark.parametrize(
    ("older", "newer", "reason"),
    [
        ({"title": "Add paging"}, {"title": "Revert “Add paging (#3)”"}, "the newer one reverts the older"),
        ({"messages": frozenset({"add paging"})}, {"title": "Revert “Add paging”"}, "the newer one reverts the older"),
        ({"title": "Reapply “Add paging”"}, {"title": "Revert “Add paging”"}, "the newer one reverts the older"),
        ({"title": "Page", "commits": frozenset("c")}, {"title": "Revert “Add paging”", "takes_back": "c"}, "the newer one reverts the older"),
        ({"title": "Add paging", "commits": frozenset("c")}, {"title": "Revert “Add paging”", "takes_back": "d"}, None),
        ({"title": "Reapply “Add paging”"}, {"title": "Revert “Revert “Add paging””"}, None),
        ({"title": "Add paging to lists"}, {"title": "Remove paging from lists"}, "the newer one removes what the older adds"),
        ({"title": "Disable HTTP/2 now"}, {"title": "Enable HTTP/2 now"}, None),  # one word says no subject
        ({"title": "Disable HTTP/2 pushes"}, {"title": "Enable HTTP/2 pushes"}, "the newer one adds what the older removes"),
        ({"title": "Add paging to lists"}, {"title": "Remove paging from trees"}, None),
        ({"title": "Add paging to lists"}, {"title": "Disable paging in lists"}, None),
    ],
)  # fmt: skip
def test_what_is_contradicted(older: dict[str, Any], newer: dict[str, Any], reason: str | None) -> None:
    old, new = thing("o", **older), thing("n", **{**newer, "at_utc": 9})
    assert replaces(new, old) is None
    assert contradicts(new, old) == reason
    found = decide([new, old])
    assert [(each.newer_id, each.older_id, each.reason) for each in found.conflicts] == ([("n", "o", reason)] if reason else [])  # fmt: skip
    assert found.replacements == []


def test_the_oldest_survives_by_its_own_time_whoever_came_first() -> None:
    late = thing("a", title="x", lines=LINES, at_utc=9, created_at=1)
    early = thing("b", title="x", lines=LINES, at_utc=3, created_at=2)
    for order in ([late, early], [early, late]):
        assert [(merge.survivor_id, merge.absorbed_id) for merge in decide_merges(order)] == [("b", "a")]


def test_what_a_person_approved_is_never_merged_away_nor_replaced() -> None:
    old = thing("old", title="x", lines=LINES)
    mine, too = (replace(old, id=id_, at_utc=at, approved=True) for id_, at in (("mine", 8), ("too", 9)))
    found = decide([old, mine, too])
    assert [(merge.survivor_id, merge.absorbed_id) for merge in found.merges] == [("mine", "old")]
    found = decide(
        [thing("o", title="Require ruff 0.4", approved=True), thing("n", title="Require ruff 0.5", at_utc=9)]
    )
    assert found.replacements == []
    assert [each.reason for each in found.conflicts] == ["0.4 became 0.5; the older one is approved"]


def test_chains_collapse_to_one_survivor() -> None:
    chain = [
        thing("a", title="x", lines=LINES, at_utc=1), thing("b", title="x", lines=LINES, dedup_hint="h"),
        thing("c", dedup_hint="h", vectors=NORTH, title="Fix y", commits=FILES), thing("d", vectors=NORTH, title="Fixes y", commits=FILES),
    ]  # fmt: skip
    assert [(merge.survivor_id, merge.absorbed_id) for merge in decide_merges(chain)] == [("a", "b"), ("a", "c"), ("a", "d")]  # fmt: skip


def test_a_group_speaks_with_its_newest_member() -> None:
    """Said again after the revert: the revert is what does not hold any more."""
    found = decide([thing("a", title="Add x", lines=LINES), thing("r", title="Revert “Add x”", at_utc=6), thing("b", title="Add x", lines=LINES, at_utc=7)])  # fmt: skip
    assert [(each.newer_id, each.older_id) for each in found.replacements] == [("a", "r")]
    assert found.conflicts == []


def test_each_is_replaced_by_the_next() -> None:
    items = [thing(f"i{minor}", title=f"Require ruff 0.{minor}", at_utc=minor) for minor in range(4)]
    found = decide(items).replacements
    assert [(each.newer_id, each.older_id) for each in found] == [("i1", "i0"), ("i2", "i1"), ("i3", "i2")]


def test_within_one_second_ancestry_decides_and_where_it_is_not_known_nothing_is_replaced() -> None:
    """Rebases give many commits one second; the same two items, whichever sorts first by content."""
    for old, new in (("0.4", "0.5"), ("0.5", "0.4")):
        older = thing("o", title=f"Require ruff {old}", commits=frozenset({"1"}))
        newer = thing("n", title=f"Require ruff {new}", commits=frozenset({"3"}))
        after = replace(newer, before=frozenset({"1", "2"}))
        assert [(each.newer_id, each.older_id) for each in decide([after, older]).replacements] == [("n", "o")]
        assert decide([newer, older]).replacements == []
        apart = replace(newer, before=frozenset({"2"}))
        assert decide([apart, older]).replacements == []  # two branches


TITLES = [
    "x", "The x", "xs", "Require ruff 0.4", "Require ruff 0.5", "Require ruff 0.6", "Add x to y", "Remove x from y",
    "Revert “Add x to y”", "Reapply “Add x to y”", "msrv: bump to Rust 1.65", "cargo: set MSRV to 1.70", "Use abc for y", "Replace abc with def", "Replace def with abc",
]  # fmt: skip
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["bug", "todo"]), st.sampled_from([None, None, "h1"]), st.sampled_from(TITLES), st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 6)), st.sampled_from(["", told("a", "N", "1", "2"), told("a", "N", "2", "3")]),
        st.integers(0, 2), st.sampled_from([frozenset(), LINES]),
    ),
    max_size=14,
)  # fmt: skip


def built(rows: list[tuple[Any, ...]]) -> list[DedupItem]:
    items = []
    for place, (type_, hint, title, at, angle, facts, depth, lines) in enumerate(rows):
        vector = None
        if angle is not None:
            vector = np.array([np.cos(angle * np.pi / 12), np.sin(angle * np.pi / 12)], np.float16)
        items.append(
            DedupItem(
                f"{place:02}", type_, hint, title, facts, at, vectors=vector, lines=lines,
                commits=frozenset({f"{at}.{depth}"}), before=frozenset(f"{at}.{each}" for each in range(depth)),
            )
        )  # fmt: skip
    return items


@given(ROWS, st.randoms(use_true_random=False))
def test_order_changes_nothing(rows: list[tuple[Any, ...]], random: Any) -> None:
    items = built(rows)
    assert decide(random.sample(items, len(items))) == decide(items)


@given(ROWS)
def test_deciding_again_over_what_was_merged_decides_the_same(rows: list[tuple[Any, ...]]) -> None:
    items = built(rows)
    found = decide(items)
    root = {merge.absorbed_id: merge.survivor_id for merge in found.merges}
    survivors = set(root.values())
    again = [replace(item, group=root.get(item.id, item.id if item.id in survivors else None)) for item in items]
    assert pairs(decide(again)) == pairs(found)


def pairs(found: Decisions) -> list[list[tuple[str, str]]]:
    return [
        [(each.survivor_id, each.absorbed_id) for each in found.merges],
        [(each.newer_id, each.older_id) for each in found.replacements],
        [(each.newer_id, each.older_id) for each in found.conflicts],
    ]


@given(ROWS)
def test_nobody_is_both_merged_away_and_something_else(rows: list[tuple[Any, ...]]) -> None:
    found = decide(built(rows))
    absorbed = [merge.absorbed_id for merge in found.merges]
    assert len(absorbed) == len(set(absorbed))
    named = {merge.survivor_id for merge in found.merges}
    named |= {id_ for each in (*found.replacements, *found.conflicts) for id_ in (each.newer_id, each.older_id)}
    assert named.isdisjoint(absorbed)
    replaced = {each.older_id for each in found.replacements}
    assert replaced.isdisjoint(id_ for each in found.conflicts for id_ in (each.newer_id, each.older_id))
