"""The dedup stage on a real store: what it writes, and that the order of arrival changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.item import Draft, Evidence, Item, Relation
from contox_hooks.memory.job import Run
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.deduping import dedup
from contox_hooks.pipeline.lineage import REVERTED
from contox_hooks.pipeline.work import ProjectWork, Work
from tests.memory.events import DAY, a_project, commit, open_service, sha
from tests.pipeline.bench import tools


def said(title: str, at: int, **fields: Any) -> Draft:
    proof = (Evidence(sha(at), title), Evidence(sha(at), f"+ what every commit of {title} adds, word for word", "a.py"))
    plain = Draft(
        "decision", title, f"facts of {at}", "root/other", 0.8, 3, proof, files=(f"f{at % 3}.py",),
        tags=(f"t{at}",), at_utc=DAY + at,
    )  # fmt: skip
    return replace(plain, **fields)


class Bench:
    """One project; each run is a session with its items. `anew` forgets what a worker knows, as a new one would."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.items = service.items
        self.project_id = a_project(service).id
        self.work = ProjectWork(tools()(None, ()))  # type: ignore[arg-type]

    def run(self, *drafts: Draft, anew: bool = False) -> list[str]:
        with self.service.store.transaction():
            session_id = self.service.sessions.open(self.project_id, "git-hooks", started_at=DAY)
            ids = [self.items.add(self.project_id, session_id, draft) for draft in drafts]
        if anew:
            self.work.known = None
        self.detail = self.again(session_id)
        return ids

    def again(self, session_id: str) -> str:
        run = Run("run", self.project_id, session_id, "manual", 0, 0)
        write = dedup(Work(self.service, run, self.service.sessions.get(session_id), self.work))
        with self.service.store.transaction():
            return write().detail

    def titled(self, title: str) -> Item:
        found = [item for item in self.items.page(self.project_id, status=None) if item.title == title]
        return self.items.get(found[0].id)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_service(tmp_path) as service:
        yield Bench(service)


def test_said_again_is_reinforced_and_nothing_is_lost(bench: Bench) -> None:
    (first,) = bench.run(said("Log in with a token", 1))
    (second,) = bench.run(said("Log in with a token", 2))
    survivor, absorbed = bench.items.get(first), bench.items.get(second)
    assert (survivor.reinforced, survivor.merged_from, survivor.facts) == (1, (second,), "facts of 2")
    assert (survivor.tags, survivor.files) == (("t2", "t1"), ("f2.py", "f1.py"))
    assert {found.commit_sha for found in survivor.evidence} == {sha(1), sha(2)}
    assert [item.id for item in bench.items.page(bench.project_id, file="f2.py")] == [first]
    assert (absorbed.status, absorbed.superseded_by) == ("superseded", first)
    assert absorbed.status_reason == "merged: same title, same lines"
    told = [(found.from_id, found.to_id, found.kind, found.reason) for found in bench.items.relations(first)]
    assert told == [(second, first, "reinforces", "same title, same lines")]
    assert bench.items.relations(second) == bench.items.relations(first)


def test_an_absorbed_id_leads_to_where_everything_went(bench: Bench) -> None:
    (late,) = bench.run(said("x y", 7))
    (later,) = bench.run(said("x y", 9))
    (early,) = bench.run(said("x y", 1))
    assert [bench.items.get(item_id).superseded_by for item_id in (late, later)] == [early, early]
    assert bench.items.get(early).merged_from == (late, later)
    assert bench.items.get(early).reinforced == 2
    assert {(found.from_id, found.to_id) for found in bench.items.relations(early)} == {(late, early), (later, early)}


def test_a_newer_value_replaces_the_older(bench: Bench) -> None:
    older, newer = bench.run(said("Require ruff 0.4", 1), said("Require ruff 0.5", 2))
    item = bench.items.get(older)
    assert (item.status, item.superseded_by) == ("superseded", newer)
    assert item.status_reason == "replaced: 0.4 became 0.5 (“Require ruff 0.5”)"
    assert [(found.from_id, found.to_id, found.kind) for found in bench.items.relations(older)] == [(newer, older, "supersedes")]  # fmt: skip
    assert bench.detail == "0 merges among 2 new items; 1 replaced"


def test_what_comes_between_takes_its_place_in_the_chain(bench: Bench) -> None:
    first, third = bench.run(said("Require ruff 0.4", 1), said("Require ruff 0.6", 3))
    (second,) = bench.run(said("Require ruff 0.5", 2), anew=True)
    assert [bench.items.get(item_id).superseded_by for item_id in (first, second, third)] == [second, third, None]
    kinds = {(found.from_id, found.to_id) for found in bench.items.relations(first)}
    assert kinds == {(second, first)}


def test_both_sides_of_a_contradiction_go_to_review_naming_each_other(bench: Bench) -> None:
    added, removed = "Add paging to lists", "Remove paging from lists"
    older, newer = bench.run(said(added, 1), said(removed, 2))
    for item_id, other_id, title in ((older, newer, removed), (newer, older, added)):
        item = bench.items.get(item_id)
        assert item.status == "review"
        reason = "contradiction: the newer one removes what the older adds"
        assert item.status_reason == f"{reason}: “{title}” ({other_id})"
    assert [found.kind for found in bench.items.relations(older)] == ["contradicts"]


def test_a_revert_stands_and_what_it_took_back_is_in_doubt(bench: Bench) -> None:
    older, newer = bench.run(said("Add paging", 1), said("Revert “Add paging”", 2))
    assert (bench.items.get(older).status, bench.items.get(newer).status) == ("review", "active")
    reason = f"contradiction: the newer one reverts the older: “Revert “Add paging”” ({newer})"
    assert bench.items.get(older).status_reason == reason
    assert [found.kind for found in bench.items.relations(older)] == ["contradicts"]


def test_what_a_person_decided_is_not_asked_again(bench: Bench) -> None:
    older, newer = bench.run(said("Add paging", 1), said("Revert “Add paging”", 3))
    for item_id in (older, newer):
        bench.items.set_status(item_id, "active")
    bench.run(said("Add paging", 2), anew=True)
    assert [bench.items.get(item_id).status for item_id in (older, newer)] == ["active", "active"]


def test_done_again_after_a_revert_ends_the_contradiction(bench: Bench) -> None:
    older, revert = bench.run(said("Add paging", 1), said("Revert “Add paging”", 2))
    bench.run(said("Add paging", 3))
    assert (bench.items.get(older).status, bench.items.get(older).reinforced) == ("active", 1)
    assert bench.items.get(older).status_reason is None
    assert (bench.items.get(revert).status, bench.items.get(revert).superseded_by) == ("superseded", older)
    assert [found.kind for found in bench.items.relations(revert)] == ["supersedes"]


def test_done_again_ends_the_doubt_that_came_with_the_commit(bench: Bench) -> None:
    older, revert = bench.run(said("Add paging", 1), said("Revert “Add paging”", 2))
    bench.items.set_status(older, "review", reason=f"{sha(1)[:12]}{REVERTED}{sha(2)[:12]}")
    bench.run(said("Add paging", 3))
    assert (bench.items.get(older).status, bench.items.get(revert).superseded_by) == ("active", older)


def test_of_one_second_the_descendant_is_newer(bench: Bench) -> None:
    """Whatever the words, and also where nothing is told of the commit between."""
    for first, second in (("0.4", "0.5"), ("0.9", "0.8")):
        numbers = [int(10 * float(first)) * 10 + place for place in range(3)]
        for number in reversed(numbers):
            event = commit(number, DAY)
            parents = [sha(number - 1)] if number > numbers[0] else []
            bench.service.ingest(bench.project_id, [replace(event, payload={**event.payload, "parents": parents})])
        old, new = (
            said(f"Require ruff {value}", 0, evidence=(Evidence(sha(number), "x"),))
            for value, number in ((first, numbers[0]), (second, numbers[2]))
        )
        newer, older = bench.run(new, old, anew=True)
        assert bench.items.get(older).superseded_by == newer
        for item_id in (newer, older):
            bench.items.set_status(item_id, "archived")


def test_what_a_person_wrote_survives_with_its_words(bench: Bench) -> None:
    (first,) = bench.run(said("x y", 1))
    (mine,) = bench.run(said("x y as I see it", 2, evidence=said("x y", 2).evidence))
    bench.items.edit(mine, title="X y", facts="my own words")
    assert bench.items.get(mine).approved_at is not None
    (third,) = bench.run(said("x y", 3), anew=True)
    item = bench.items.get(mine)
    assert (item.status, item.title, item.facts, item.reinforced) == ("active", "X y", "my own words", 2)
    assert {bench.items.get(item_id).superseded_by for item_id in (first, third)} == {mine}
    assert {found.commit_sha for found in item.evidence} == {sha(1), sha(2), sha(3)}


def test_what_is_approved_is_not_replaced(bench: Bench) -> None:
    (older,) = bench.run(said("Require ruff 0.4", 1))
    bench.items.edit(older, facts="we want exactly this")
    bench.run(said("Require ruff 0.5", 2), anew=True)
    assert bench.items.get(older).status == "review"
    assert "the older one is approved" in str(bench.items.get(older).status_reason)


def test_archived_items_stay_out(bench: Bench) -> None:
    (first,) = bench.run(said("x y", 1))
    bench.items.set_status(first, "archived")
    (second,) = bench.run(said("x y", 2))
    assert [bench.items.get(item_id).status for item_id in (first, second)] == ["archived", "active"]


@pytest.mark.parametrize(
    ("kind", "confidence", "statuses", "reinforced"),
    [
        ("reinforces", 0.8, ("active", "superseded"), 1),
        ("supersedes", 0.8, ("superseded", "active"), 0),
        ("supersedes", 0.5, ("review", "active"), 0),  # the older one is surer
        ("contradicts", 0.8, ("review", "review"), 0),
        ("related", 0.8, ("active", "active"), 0),
    ],
)
def test_the_verdict_of_a_model(bench: Bench, kind: Any, confidence: float, statuses: tuple[str, str], reinforced: int) -> None:  # fmt: skip
    (older,) = bench.run(said("Fetch with urllib", 3))
    verdict = Relation(kind, older, "the model says so")
    (newer,) = bench.run(said("Fetch with aiohttp", 6, confidence=confidence, relations=(verdict,)))
    assert (bench.items.get(older).status, bench.items.get(newer).status) == statuses
    assert bench.items.get(older).reinforced == reinforced
    told = [(found.kind, found.reason) for found in bench.items.relations(older)]
    assert told[0][0] == kind
    assert told[0][1].startswith("the model says so")


def test_a_verdict_on_what_is_not_there_is_dropped(bench: Bench) -> None:
    (item_id,) = bench.run(said("x y", 1, relations=(Relation("supersedes", "01NOWHERE", "so"),)))
    assert bench.items.relations(item_id) == []


TITLES = [
    "x y", "The x y", "Require ruff 0.4", "Require ruff 0.5", "Require ruff 0.6", "Add x to y", "Remove x from y",
    "Revert “Add x to y”", "Use abc for y", "Replace abc with def",
]  # fmt: skip
SAID = st.lists(st.tuples(st.sampled_from(TITLES), st.integers(1, 6)), min_size=1, max_size=7, unique=True)


@given(rows=SAID, random=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_arrival_changes_nothing(
    rows: list[tuple[str, int]], random: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any order, any split into runs, the same worker or a new one each time: the same memory, but for ids."""
    drafts = [said(title, at) for title, at in rows]
    one = outcome(tmp_path_factory.mktemp("a"), [drafts], anew=False)
    mixed = random.sample(drafts, len(drafts))
    cuts = sorted(random.sample(range(len(drafts) + 1), random.randint(0, min(3, len(drafts)))))
    runs = [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    assert outcome(tmp_path_factory.mktemp("b"), runs, anew=random.random() < 0.5) == one


def outcome(folder: Path, runs: Sequence[Sequence[Draft]], *, anew: bool) -> tuple[list[Any], list[Any]]:
    with open_service(folder) as service:
        bench = Bench(service)
        own: dict[str, tuple[str, int]] = {}
        for drafts in runs:
            ids = bench.run(*drafts, anew=anew)
            own |= {item_id: (draft.title, draft.at_utc) for item_id, draft in zip(ids, drafts, strict=True)}
        items = [bench.items.get(item_id) for item_id in own]
        shown = [
            (
                own[item.id], item.status, own.get(item.superseded_by or ""),
                None if str(item.status_reason).startswith("merged: ") else (
                    item.reinforced, item.at_utc, item.title, item.facts, item.files, item.tags, item.evidence,
                    [own[member] for member in item.merged_from],
                ),
            )
            for item in items
        ]  # fmt: skip
        related = {
            (own[found.from_id], own[found.to_id], found.kind)
            for item in items
            for found in bench.items.relations(item.id)
        }
        return sorted(shown, key=repr), sorted(related)


@given(rows=SAID)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_deciding_again_writes_nothing(rows: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_service(tmp_path_factory.mktemp("c")) as service:
        bench = Bench(service)
        bench.run(*(said(title, at) for title, at in rows))
        before = [tuple(row) for row in service.store.rows("SELECT * FROM item ORDER BY id")]
        related = [tuple(row) for row in service.store.rows("SELECT * FROM relation ORDER BY from_id, to_id, kind")]
        session_id = bench.items.page(bench.project_id, status=None)[0].session_id or ""
        with service.store.transaction():
            service.store.run("UPDATE item SET deduped_run = NULL")
        bench.work.known = None
        bench.again(session_id)
        with service.store.transaction():
            service.store.run("UPDATE item SET deduped_run = 'run'")
        assert [tuple(row) for row in service.store.rows("SELECT * FROM item ORDER BY id")] == before
        assert [tuple(row) for row in service.store.rows("SELECT * FROM relation ORDER BY from_id, to_id, kind")] == related  # fmt: skip
