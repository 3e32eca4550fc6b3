"""Out of a store and into another one: nothing lost, again changes nothing, broken off goes on (contox_hooks/exchange)."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.domain.error import Refused
from contox_hooks.exchange import writing
from contox_hooks.exchange.kind import FORGOTTEN, KINDS, LEFT_OUT, PROJECT
from contox_hooks.exchange.line import Malformed
from contox_hooks.exchange.reading import exported
from contox_hooks.memory.search import search
from contox_hooks.memory.service import Service
from contox_hooks.memory.sql.moving import MEMORY
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.embedding import default_embedder
from tests.exchange.filled import Whole, bring, empty, export_of, filled, later, totals


def test_every_table_and_column_goes_out_or_is_named(whole: Whole) -> None:
    parts = {part.table: part for kind in KINDS.values() for part in kind.parts.values()}
    assert {*KINDS, *parts, *LEFT_OUT} == set(MEMORY)
    for table, kind in {**KINDS, **parts}.items():
        columns = {row["name"] for row in whole[0].store.rows(f"PRAGMA table_info({table})")}
        assert columns - {"project_id", kind.owner} == set(kind.fields), table
    columns = {row["name"] for row in whole[0].store.rows("PRAGMA table_info(project)")}
    assert columns - set(FORGOTTEN["project"]) == set(PROJECT)


def test_there_is_something_of_each_kind(whole: Whole) -> None:
    kinds = [json.loads(line)["kind"] for line in whole[2].splitlines()]
    assert set(kinds) == {"contox-export", *KINDS, "end"}
    assert kinds == sorted(kinds, key=["contox-export", *KINDS, "end"].index)
    items = [json.loads(line)["row"] for line in whole[2].splitlines() if b'"kind":"item"' in line]
    assert all(item["evidence"] for item in items)
    assert any(item["approved_at"] for item in items)
    assert any(item["origin"] for item in items)


def test_the_same_memory_gives_the_same_bytes_here_and_there(whole: Whole, tmp_path: Path, postgres_url: str) -> None:
    service, project_id, text = whole
    assert export_of(service.store, project_id) == text
    with empty(tmp_path) as store, Store.open(postgres_url, clock=later()) as team:
        for target in (store, team):
            brought = bring(target, text)
            assert brought.is_new
            assert (brought.settings_left, totals(brought, "new")) == ((), text.count(b"\n") - 2)
            assert export_of(target, project_id) == text
            again = bring(target, text)
            assert (totals(again, "same"), totals(again, "new"), totals(again, "kept")) == (text.count(b"\n") - 2, 0, 0)
            wanted = [hit.item.id for hit in search(service.store, project_id, "decision sessions 7", limit=3)]
            assert [hit.item.id for hit in search(target, project_id, "decision sessions 7", limit=3)] == wanted
            embedder = default_embedder()
            assert target.count("SELECT COUNT(*) FROM vector WHERE model = :model", model=embedder.name) > 5
            assert target.row("SELECT parent_id FROM context WHERE name = 'child'")["parent_id"]  # type: ignore[index]


def test_a_look_writes_nothing(whole: Whole, tmp_path: Path) -> None:
    with empty(tmp_path) as store:
        brought = bring(store, whole[2], dry_run=True)
        assert totals(brought, "new") == whole[2].count(b"\n") - 2
        assert store.count("SELECT COUNT(*) FROM project") == 0


def test_what_says_something_else_here_stays_unless_replaced(whole: Whole, tmp_path: Path) -> None:
    _, project_id, text = whole
    with empty(tmp_path) as store:
        bring(store, text)
        with Service(store) as here:
            item = here.items.page(project_id)[0]
            here.items.edit(item.id, title="mine")
            brought = bring(store, text)
            assert (totals(brought, "kept"), brought.counts["item"].kept) == (1, 1)
            assert here.items.get(item.id).title == "mine"
            brought = bring(store, text, replace=True)
            assert brought.counts["item"].replaced == 1
            assert export_of(store, project_id) == text
            assert [hit.item.id for hit in here.search(project_id, "mine")] != [item.id]


def test_broken_off_anywhere_it_goes_on(whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, project_id, text = whole
    real = writing.Writing._take
    with empty(tmp_path) as store:
        for stop in itertools.count(1):
            done: list[int] = []

            def take(self: Any, kind: Any, batch: Any, stop: int = stop, done: list[int] = done) -> None:
                real(self, kind, batch)
                done.append(1)
                if not self.dry and len(done) == stop + len(KINDS):
                    raise KeyboardInterrupt

            monkeypatch.setattr(writing.Writing, "_take", take)
            try:
                bring(store, text)
                break
            except KeyboardInterrupt:
                continue
        assert stop > 5
        assert export_of(store, project_id) == text


def test_into_a_project_that_knows_some_of_it_already(whole: Whole, tmp_path: Path) -> None:
    """The usual way onto a new machine: the clone was captured before the import."""
    _, project_id, text = whole
    source, other_id = filled(tmp_path / "other", commits=8)
    with source:
        assert other_id != project_id
        before = source.store.count("SELECT COUNT(*) FROM event")
        brought = bring(source.store, text, project_id=other_id)
        assert brought.counts["event"].same == before
        assert source.store.count("SELECT COUNT(*) FROM event") == before + brought.counts["event"].new
        lost = """
            SELECT COUNT(*) FROM evidence WHERE event_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = evidence.event_id)
        """
        assert source.store.count(lost) == 0
        wrong = "SELECT COUNT(*) FROM session WHERE event_count <> (SELECT COUNT(*) FROM event e WHERE e.session_id = session.id)"
        assert source.store.count(wrong) == 0
        assert source.store.row("SELECT name FROM project WHERE id = :id", id=other_id)["name"] == "work"  # type: ignore[index]
        again = bring(source.store, text, project_id=other_id)
        assert totals(again, "new") == 0


def test_another_projects_memory_is_not_taken(whole: Whole, tmp_path: Path) -> None:
    _, _, text = whole
    with empty(tmp_path) as store:
        bring(store, text)
        other = Service(store).projects.create("other")
        before = export_of(store, other.id)
        with pytest.raises(Refused, match="another project's"):
            bring(store, text, project_id=other.id, replace=True)
        assert export_of(store, other.id) == before


def test_replacing_takes_no_decision_back(whole: Whole, tmp_path: Path) -> None:
    _, project_id, text = whole
    with empty(tmp_path) as store, Service(store) as here:
        bring(store, text)
        one, two, three, four = [item.id for item in here.items.page(project_id)[:4]]
        here.items.merge(one, two, "the same")
        here.reviews.approve(three)
        here.items.set_status(four, "archived", reason="no")
        store.run(
            "UPDATE event SET superseded_by = :new WHERE key = (SELECT MIN(key) FROM event WHERE type = 'commit')",
            new="a" * 40,
        )
        before = export_of(store, project_id)
        bring(store, text, replace=True)
        assert export_of(store, project_id) == before


def test_sessions_that_got_more_are_counted_again(whole: Whole, tmp_path: Path) -> None:
    text = whole[2]
    with empty(tmp_path) as store:
        bring(store, text)
        with store.transaction():
            store.run("DELETE FROM event WHERE type = 'checkout'")
            store.run("UPDATE session SET event_count = 0, items_extracted = 0, last_event_at = started_at")
        bring(store, text)
        for row in store.rows("SELECT * FROM session WHERE event_count > 0"):
            told = next(json.loads(line)["row"] for line in text.splitlines() if row["id"].encode() in line)
            assert (row["event_count"], row["last_event_at"]) == (told["event_count"], told["last_event_at"])
        assert store.count("SELECT COUNT(*) FROM session WHERE event_count > 0") == 1


def test_contexts_in_a_circle_are_refused(whole: Whole, nothing: Store) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    one, two = (line["row"] for line in lines if line["kind"] == "context")
    one["parent_id"], two["parent_id"] = two["id"], one["id"]
    with pytest.raises(Malformed, match="without end"):
        bring(nothing, b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def test_one_moment_is_told_while_others_write(whole: Whole, tmp_path: Path, postgres_url: str) -> None:
    _, project_id, text = whole
    for place in (tmp_path / "memory.db", postgres_url):
        with Store.open(place, clock=later()) as store, Store.open(place, clock=later()) as other:
            bring(store, text)
            lines = exported(store, project_id)
            said = [next(lines)]
            item = Service(other).items.page(project_id)[0]
            Service(other).items.edit(item.id, title="meanwhile")
            assert b"".join([*said, *lines]) == text
            assert b"meanwhile" in export_of(store, project_id)
            bring(store, text, replace=True)  # the connection can write again


def test_no_key_and_no_folder_goes_out(whole: Whole) -> None:
    service, project_id, text = whole
    assert b"/work/.git" not in text
    assert b"hmac" not in text
    tracemalloc.start()
    for line in exported(service.store, project_id):
        assert line.endswith(b"\n")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
