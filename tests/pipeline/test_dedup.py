from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.pipeline.dedup import DedupItem, decide_merges

NORTH, EAST = np.array([1, 0], np.float16), np.array([0, 1], np.float16)
NEARLY_NORTH = np.array([0.98, 0.199], np.float16)


def thing(id_: str, **fields: object) -> DedupItem:
    plain = DedupItem(id_, "bug", None, f"title {id_}", "", at_utc=5, created_at=5)
    return replace(plain, **fields)  # type: ignore[arg-type]


def pairs(new: list[DedupItem], existing: list[DedupItem]) -> list[tuple[str, str]]:
    return [(merge.survivor_id, merge.absorbed_id) for merge in decide_merges(new, existing)]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"dedup_hint": "a:b:c"}, {"dedup_hint": "a:b:c"}, "same dedup hint"),
        ({"title": "Add  Paging"}, {"title": "add paging"}, "same title"),
        (
            {"vectors": NORTH, "title": "Fix x"},
            {"vectors": NEARLY_NORTH, "title": "Fixed the x"},
            "same meaning (0.98)",
        ),
        ({"title": "Add paging"}, {"title": "Add paging", "type": "todo"}, "same title"),
        ({"dedup_hint": "a:b:c"}, {"dedup_hint": "a:b:c", "type": "todo"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": NORTH, "title": "Fixed x", "type": "todo"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": EAST, "title": "Fixed x"}, None),
        ({"vectors": np.array([NORTH, EAST]), "title": "Fix x"}, {"vectors": NORTH, "title": "Fixed x"}, None),
        ({"vectors": NORTH, "title": "Fix x"}, {"vectors": None, "title": "Fixed x"}, None),
        ({"vectors": NORTH, "title": "The"}, {"vectors": NORTH, "title": "A"}, None),
        ({"title": ""}, {"title": ""}, None),
        ({"vectors": 0 * NORTH}, {"vectors": 0 * NORTH}, None),
    ],
)
def test_what_is_the_same(one: dict[str, object], other: dict[str, object], reason: str | None) -> None:
    new, old = thing("b", **one), thing("a", **other)
    expected = [] if reason is None else [("a", "b", reason)]
    assert [(m.survivor_id, m.absorbed_id, m.reason) for m in decide_merges([new], [old])] == expected
    assert [(m.survivor_id, m.absorbed_id, m.reason) for m in decide_merges([new, old], [])] == expected
    assert decide_merges([], [new, old]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refuse to migrate an invalid configuration", "Remove duplicate warnings while running autoupdate"),
        ("static_folder can be a pathlib.Path", "template_folder type allows pathlib"),
        ("Drop support for Python 3.7", "Drop support for Python 3.8"),
        ("Switch from requests to httpx", "Switch from httpx to requests"),
        ("Drop Queue from concurrency backends", "Drop 'fork'"),
        ("Use a newer version of ruby", "Speed up ruby tests"),
        ("Better error handling when Store is readonly", "Add git version to error output"),
        ("Add tests for x", "Remove tests for x"),
        ("Allow redirects in get", "Do not allow redirects in get"),
        ("Enable HTTP/2 by default", "Turn off HTTP/2 by default"),
        ("Make the cache optional", "Make the cache mandatory"),
        ("Use http for the proxy", "Use https for the proxy"),
        ("Raise the timeout from 5 to 10", "Raise the timeout from 10 to 5"),
    ],
)
def test_equal_vectors_alone_make_nothing_the_same(one: str, other: str) -> None:
    assert pairs([thing("b", title=one, vectors=NORTH)], [thing("a", title=other, vectors=NORTH)]) == []


def test_the_oldest_survives_whoever_is_new() -> None:
    assert pairs([thing("a", title="x", created_at=9)], [thing("b", title="x", created_at=3)]) == [("b", "a")]
    assert pairs([thing("a", title="x", created_at=2)], [thing("b", title="x", created_at=3)]) == [("a", "b")]
    assert pairs([thing("b", title="x", at_utc=1)], [thing("a", title="x", at_utc=2)]) == [("b", "a")]


def test_chains_collapse_to_one_survivor() -> None:
    chain = [
        thing("a", title="x"), thing("b", title="x", dedup_hint="h"), thing("c", dedup_hint="h", vectors=NORTH, title="Fix y")
    ]  # fmt: skip
    merges = decide_merges([*chain, thing("d", vectors=NORTH, title="Fixes y")], [])
    assert [(merge.survivor_id, merge.absorbed_id) for merge in merges] == [("a", "b"), ("a", "c"), ("a", "d")]


def test_a_matrix_stands_for_the_existing_vectors() -> None:
    matrix = (["a", "z", "a"], np.array([NORTH, NORTH, NEARLY_NORTH]))
    new, old = thing("b", vectors=NORTH, title="Fix y"), thing("a", title="Fixes y")
    merges = decide_merges([new], [old], existing_matrix=matrix)
    assert [(merge.survivor_id, merge.absorbed_id) for merge in merges] == [("a", "b")]
    assert decide_merges([new], [old], existing_matrix=([], np.zeros((0, 2)))) == []


ITEMS = st.lists(
    st.builds(
        lambda type_, hint, title, at, created, angle: (type_, hint, title, at, created, angle),
        st.sampled_from(["bug", "todo"]), st.sampled_from([None, "h1", "h2"]), st.sampled_from(["x", "The x", "xs", "y", "y.", "z"]),
        st.integers(0, 2), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 23)),
    ),
    max_size=12,
)  # fmt: skip


def built(rows: list[tuple[object, ...]], prefix: str) -> list[DedupItem]:
    items = []
    for place, (type_, hint, title, at, created, angle) in enumerate(rows):
        vector = None
        if isinstance(angle, int):
            vector = np.array([np.cos(angle * np.pi / 12), np.sin(angle * np.pi / 12)], np.float16)
        items.append(DedupItem(f"{prefix}{place:02}", type_, hint, str(title), "", at, created, vector))  # type: ignore[arg-type]
    return items


@given(ITEMS, ITEMS, st.randoms(use_true_random=False))
def test_order_changes_nothing_and_again_decides_nothing(new_rows, old_rows, random) -> None:  # type: ignore[no-untyped-def]
    new, old = built(new_rows, "n"), built(old_rows, "o")
    merges = decide_merges(new, old)
    mixed_new, mixed_old = random.sample(new, len(new)), random.sample(old, len(old))
    assert decide_merges(mixed_new, mixed_old) == merges
    absorbed = {merge.absorbed_id for merge in merges}
    assert len(absorbed) == len(merges)
    assert absorbed.isdisjoint(merge.survivor_id for merge in merges)
    left_new = [item for item in new if item.id not in absorbed]
    left_old = [item for item in old if item.id not in absorbed]
    assert decide_merges(left_new, left_old) == []
