"""Out of a store and into another one: nothing lost, again changes nothing, broken off goes on (contox_hooks/exchange)."""

from __future__ import annotations

import contextlib
import itertools
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import Refused
from contox_hooks.exchange import writing
from contox_hooks.exchange.bringing import Brought, bring_in
from contox_hooks.exchange.kind import FORGOTTEN, KINDS, LEFT_OUT, PROJECT
from contox_hooks.exchange.line import Malformed
from contox_hooks.exchange.reading import exported
from contox_hooks.memory.search import search
from contox_hooks.memory.service import Service
from contox_hooks.memory.sql.moving import MEMORY
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.embedding import default_embedder
from tests.exchange.filled import empty, export_of, file_of, filled
from tests.memory.events import Clock

PLANTED = "gh" + "p_" + "A1b2C3d4" * 4 + "Zz9x"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str, bytes]]:
    """A service, its project and its export; nobody changes them."""
    service, project_id = filled(tmp_path_factory.mktemp("whole"))
    yield service, project_id, export_of(service.store, project_id)
    service.close()


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that every refused file leaves as it is."""
    with empty(tmp_path_factory.mktemp("nothing")) as store:
        yield store


Whole = tuple[Service, str, bytes]


def bring(store: Store, text: bytes, **options: Any) -> Brought:
    return bring_in(store, file_of(text), **{"project_id": None, "replace": False, "dry_run": False} | options)


def totals(brought: Brought, what: str) -> int:
    return sum(getattr(count, what) for count in brought.counts.values())


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
    with empty(tmp_path) as store, Store.open(postgres_url, clock=Clock()) as team:
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


def changed(text: bytes, kind: str, **fields: Any) -> bytes:
    """The first line of a kind says something else."""
    lines = [json.loads(line) for line in text.splitlines()]
    line = next(line for line in lines if line["kind"] == kind)
    line.get("row", line).update(fields)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def test_what_comes_in_is_redacted(whole: Whole, tmp_path: Path) -> None:
    text = changed(whole[2], "item", title=f"use {PLANTED}", facts=f"token = {PLANTED}", tags=[PLANTED])
    text = changed(text, "context", content=f"key {PLANTED}")
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        if line["kind"] == "event":
            payload = line["row"]["payload"]
            payload["body" if line["row"]["type"] == "commit" else "said"] = f"{PLANTED}"
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with empty(tmp_path) as store:
        bring(store, text)
        assert PLANTED.encode() not in export_of(store, whole[1])
        found = store.row("SELECT * FROM context WHERE content LIKE 'key %'")
        assert found is not None
        assert found["size"] == len(found["content"])
    for file in tmp_path.iterdir():
        assert PLANTED.encode() not in file.read_bytes()


def test_settings_that_widen_do_not_come_along(whole: Whole, tmp_path: Path) -> None:
    project = json.loads(whole[2].splitlines()[0])["project"]
    widening = {"model": "medium", "model_url": "https://evil.example", "diff_budget": 100_000, "exclude": ["!*.env"]}
    text = changed(whole[2], "contox-export", project=project | {"settings": widening | {"diffs": False, "no": 1}})
    with empty(tmp_path) as store:
        brought = bring(store, text)
        assert brought.settings_left == ("diff_budget", "model", "model_url", "no")
        settings = Service(store).projects.get(project["id"]).settings
        assert settings["diffs"] is False
        assert "*.env" in settings["exclude"]
        assert "!*.env" not in settings["exclude"]


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("item", {"status": "gone"}, "item.status is one of"),
        ("item", {"confidence": 2}, "item.confidence is from 0 to 1"),
        ("item", {"importance": True}, "item.importance is a whole number"),
        ("item", {"session_id": "01AAAAAAAAAAAAAAAAAAAAAAAA"}, "names no session"),
        ("item", {"evidence": [{"x": 1}]}, "evidence.commit_sha is missing"),
        ("item", {"origin": {"title": 1}}, "item.origin"),
        ("item", {"more": 1}, "has no field 'more'"),
        ("item", {"id": "' OR 1=1 --"}, "item.id is an id"),
        ("session", {"started_at": 2**70}, "session.started_at is a whole number"),
        ("session", {"status": "active\n"}, "session.status is one of"),
        ("event", {"payload": {"sha": 1}}, "event.payload is not that commit's digest"),
        ("event", {"key": "landed:x"}, "another type"),
        ("chunk", {"result": {"drafts": [{"type": "x"}]}}, "chunk.result"),
        ("job", {"stage": "rm"}, "job.stage is one of"),
        ("context", {"parent_id": "nowhere"}, "no context nowhere"),
        ("contox-export", {"version": 2}, "version 2 of the format"),
        ("contox-export", {"version": True}, "version True"),
        ("end", {"lines": 3}, "lines are here"),
        ("relation", {"reason": 7}, "relation.reason is a text"),
    ],
)
def test_a_hostile_line_is_named_and_nothing_is_done(
    whole: Whole, nothing: Store, kind: str, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(Malformed, match=r"^line \d+: .*") as caught:
        bring(nothing, changed(whole[2], kind, **fields))
    assert why in caught.value.message
    assert nothing.count("SELECT COUNT(*) FROM project") == 0


@pytest.mark.parametrize(
    ("spoilt", "number"),
    [
        (lambda text: b"", 1),
        (lambda text: b"\x00\xff", 1),
        (lambda text: b'{"kind":"item","row":{}}\n', 1),
        (lambda text: text[: len(text) // 2], None),
        (lambda text: text[: text.rindex(b"{")], None),
        (lambda text: text + b"\n", None),
        (lambda text: text.split(b"\n", 1)[0] + b"\n" + b"[" * 500_000 + b"\n", 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"item","row":"' + b"x" * 17_000_000, 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"person","row":{}}\n', 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"session","row":{"x":NaN}}\n', 2),
        (lambda text: b"\n".join([text.split(b"\n")[0], text.split(b"\n")[1], text.split(b"\n")[1]]), 3),
    ],
)
def test_a_spoilt_file_is_refused_whole(whole: Whole, nothing: Store, spoilt: Any, number: int | None) -> None:
    with pytest.raises(Malformed) as caught:
        bring(nothing, spoilt(whole[2]))
    assert number in (None, caught.value.number)
    assert nothing.count("SELECT COUNT(*) FROM project") == 0


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_any_field_is_refused_or_can_be_stored(whole: Whole, nothing: Store, data: st.DataObject) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    line = data.draw(st.sampled_from(lines))
    fields = line.get("row", line)
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(ANYTHING)
    text = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    with contextlib.suppress(Malformed):
        assert totals(bring(nothing, text, dry_run=True), "new") == len(lines) - 2


def test_contexts_in_a_circle_are_refused(whole: Whole, nothing: Store) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    one, two = (line["row"] for line in lines if line["kind"] == "context")
    one["parent_id"], two["parent_id"] = two["id"], one["id"]
    with pytest.raises(Malformed, match="without end"):
        bring(nothing, b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def test_one_moment_is_told_while_others_write(whole: Whole, tmp_path: Path, postgres_url: str) -> None:
    _, project_id, text = whole
    for place in (tmp_path / "memory.db", postgres_url):
        with Store.open(place, clock=Clock()) as store, Store.open(place, clock=Clock()) as other:
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
