"""Merging: what the survivor says, in any order; what moves; what stays a person's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.fold import Origin, fold_origins, origin_from, origin_json
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from contox_hooks.memory.vector import of_item, save
from tests.memory.events import DAY, a_project, open_service, sha


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


def add(service: Service, title: str, at: int, **fields: Any) -> str:
    plain = Draft(
        "decision", title, f"facts of {at}", "root/other", 0.8, 3, (Evidence(sha(at), title),), at_utc=DAY + at
    )
    with service.store.transaction():
        item_id = service.items.add(a_project(service).id, None, replace(plain, **fields))
        save(service.store, item_id, "m", [np.array([at, 0], np.float16)])
    return item_id


def vector(service: Service, item_id: str, model: str = "m") -> list[list[float]]:
    found = of_item(service.store, item_id, model)
    return [] if found is None else found.tolist()


TEXT = st.sampled_from(["", "x", "y"])
ORIGINS = st.builds(
    Origin,
    title=TEXT, facts=TEXT, rationale=st.one_of(st.none(), TEXT), impact=st.one_of(st.none(), TEXT),
    commit_range=st.none(), importance=st.integers(1, 5), confidence=st.sampled_from([0.5, 0.9]),
    files=st.lists(TEXT, max_size=2).map(tuple), tags=st.lists(TEXT, max_size=2).map(tuple), at_utc=st.integers(0, 3),
    evidence=st.lists(st.builds(Evidence, st.sampled_from(["c1", "c2"]), TEXT), max_size=2).map(tuple),
)  # fmt: skip


@given(ORIGINS, st.lists(ORIGINS, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_the_others_changes_nothing_and_nothing_is_lost(survivor: Origin, others: list[Origin], random: Any) -> None:  # fmt: skip
    others = list({one.age: one for one in others if one.age != survivor.age}.values())
    told = fold_origins(survivor, others)
    assert fold_origins(survivor, random.sample(others, len(others))) == told
    assert {found for one in (survivor, *others) for found in one.evidence} == set(told.evidence)
    assert {path for one in (survivor, *others) for path in one.files} == set(told.files)
    assert told.importance >= survivor.importance
    assert told.confidence >= survivor.confidence
    assert fold_origins(survivor, []).title == survivor.title


@given(ORIGINS)
def test_an_origin_is_kept_as_it_was(origin: Origin) -> None:
    assert origin_from(origin_json(origin)) == origin


@pytest.mark.parametrize("weaker", [{"confidence": 0.5}, {"importance": 2}])
def test_the_words_of_a_weaker_item_do_not_replace_surer_ones(service: Service, weaker: dict[str, Any]) -> None:
    first, second = add(service, "Say so", 1), add(service, "Say otherwise", 2, **weaker)
    service.items.merge(first, second, "same dedup hint")
    item = service.items.get(first)
    assert (item.title, item.at_utc, item.importance) == ("Say so", DAY + 2, 3)
    assert {found.quote for found in item.evidence} == {"Say so", "Say otherwise"}


def test_a_survivor_keeps_what_it_said_by_itself(service: Service) -> None:
    """Its own vectors too: dedup compares what items said, search what they say now."""
    ids = [add(service, f"title {at}", at) for at in (1, 2, 3)]
    service.items.merge(ids[0], ids[2], "so")
    assert vector(service, ids[0]) == vector(service, ids[2]) == [[3, 0]]
    service.items.merge(ids[0], ids[1], "so")
    assert (vector(service, ids[0]), vector(service, ids[0], "own:m")) == ([[3, 0]], [[1, 0]])
    item = service.items.get(ids[0])
    assert (item.title, item.merged_from, item.reinforced) == ("title 3", (ids[1], ids[2]), 2)


def test_relations_of_the_absorbed_item_move(service: Service) -> None:
    survivor, absorbed, other, older = (add(service, f"t{at}", at) for at in (1, 2, 3, 0))
    service.items.relate(other, absorbed, "contradicts", "one")
    service.items.relate(absorbed, older, "supersedes", "two")
    service.items.relate(absorbed, survivor, "related", "three")
    service.items.set_status(older, "superseded", reason="replaced: so", superseded_by=absorbed)
    service.items.merge(survivor, absorbed, "the same")
    told = {(found.from_id, found.to_id, found.kind, found.reason) for found in service.items.relations(survivor)}
    assert told == {
        (other, survivor, "contradicts", "one"), (survivor, older, "supersedes", "two"),
        (absorbed, survivor, "reinforces", "the same"),
    }  # fmt: skip
    assert service.items.get(older).superseded_by == survivor


def test_relations(service: Service) -> None:
    older, newer = add(service, "a", 1), add(service, "b", 2)
    service.items.relate(newer, older, "contradicts", "first reason")
    service.items.relate(newer, older, "contradicts", "second reason")
    (found,) = service.items.relations(older)
    assert (found.from_id, found.to_id, found.reason, found.at_utc) == (newer, older, "first reason", DAY + 2)
    assert service.items.relations(newer) == [found]
    service.items.unrelate(newer, older, "contradicts")
    assert service.items.relations(older) == []
    with pytest.raises(UsageError, match="no relation"):
        service.items.relate(newer, older, "likes", "")  # type: ignore[arg-type]


def test_who_writes_what_an_item_says_vouches_for_it(service: Service) -> None:
    item_id = add(service, "a", 1)
    assert service.items.edit(item_id, importance=5).approved_at is None
    assert service.items.edit(item_id, facts="mine").approved_at is not None


def test_an_origin_does_not_bring_back_commits_that_were_rewritten(service: Service) -> None:
    first, second, third = add(service, "one", 1), add(service, "two", 2), add(service, "three", 3)
    service.items.merge(second, first, "same")
    moved = [replace(entry, commit_sha=sha(9)) if entry.commit_sha == sha(1) else entry
             for entry in service.items.get(second).evidence]  # fmt: skip
    service.items.replace_evidence(second, moved)
    service.store.run(
        "INSERT INTO rewrite (project_id, old_sha, new_sha, command) VALUES (:project_id, :old, :new, 'amend')",
        project_id=a_project(service).id, old=sha(1), new=sha(9),
    )  # fmt: skip
    service.items.merge(second, third, "same")
    assert {entry.commit_sha for entry in service.items.get(second).evidence} == {sha(9), sha(2), sha(3)}


def test_the_first_second_of_all_time_is_a_time(service: Service) -> None:
    draft = Draft("decision", "old", "facts", "root/other", 0.8, 3, (Evidence(sha(1), "old"),), at_utc=0)
    with service.store.transaction():
        item_id = service.items.add(a_project(service).id, None, draft)
    assert service.items.get(item_id).at_utc == 0
