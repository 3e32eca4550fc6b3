"""A store into another one (memory/moving.py): nothing lost, resumable, proven row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.error import Refused, StoreError
from contox_hooks.memory import moving
from contox_hooks.memory.moving import move_memory, move_spend
from contox_hooks.memory.service import Service
from contox_hooks.memory.spend import SpendStore
from contox_hooks.memory.sql import moving as sql
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import run_pending
from tests.memory.events import DAY, a_project, commit, open_service
from tests.pipeline.bench import tools

WORDS = "decision about sessions"


def filled(folder: Path, commits: int = 30) -> Service:
    folder.mkdir(exist_ok=True)
    service = open_service(folder)
    project = a_project(service)
    events = [
        commit(number, DAY + number * 60, subject=f"{WORDS} {number}", body="NUL \0 and \udcff")
        for number in range(commits)
    ]
    receipts = service.ingest(project.id, events)
    service.jobs.request([receipt.session_id for receipt in receipts], trigger="manual")
    run_pending(folder / "memory.db", tools())
    person = service.access.add_person("Ada", is_owner=True)
    service.access.set_member(project.id, person.id, Role.EDITOR)
    service.access.create_key(person.id, "k", scopes={Scope.READ})
    return service


def tables(store: Store) -> set[str]:
    rows = store.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {row["name"] for row in rows if not row["name"].startswith(("item_fts_", "sqlite_"))}


def test_every_table_is_moved_or_made_anew(tmp_path: Path) -> None:
    with Store.open(tmp_path / "memory.db") as store:
        assert tables(store) | {"project_change"} == {*sql.MEMORY, *sql.MADE_ANEW}
        for table, key in sql.MEMORY.items():
            info = sorted(store.rows(f"PRAGMA table_info({table})"), key=lambda row: row["pk"])
            assert tuple(row["name"] for row in info if row["pk"]) == key
    with SpendStore.open(tmp_path / "spend.db") as spend:
        assert tables(spend) - {"migration"} == {*sql.SPEND}


def test_what_others_refer_to_comes_first(tmp_path: Path) -> None:
    with Store.open(tmp_path / "memory.db") as store:
        order = list(sql.MEMORY)
        for row in store.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
            for referred in re.findall(r"REFERENCES (\w+)", row["sql"] or ""):
                if row["name"] in order and not (row["name"] in sql.LATE and referred == row["name"]):
                    assert order.index(referred) < order.index(row["name"])


def test_there_and_back_nothing_is_lost(tmp_path: Path, postgres_url: str) -> None:
    with filled(tmp_path / "a") as source, Store.open(postgres_url) as team:
        project_id = source.projects.all()[0].id
        gone = move_memory(source.store, team)
        assert {moved.table: moved.rows for moved in gone}["event"] == 30
        (tmp_path / "b").mkdir()
        with Store.open(tmp_path / "b" / "memory.db") as back:
            came = move_memory(team, back)
            assert [(moved.table, moved.rows, moved.digest) for moved in came] == [
                (moved.table, moved.rows, moved.digest) for moved in gone
            ]
            wanted = [hit.item.title for hit in source.search(project_id, "decision sessions 7", limit=5)]
            assert wanted
            for store in (team, back):
                assert [
                    hit.item.title for hit in Service(store).search(project_id, "decision sessions 7", limit=5)
                ] == wanted
        # New items find a number of their own there.
        receipt = Service(team).ingest(project_id, [commit(99, DAY + 9999, subject="something new")])[0]
        assert not receipt.duplicate


def test_a_move_that_broke_off_goes_on(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "AT_ONCE", 7)

    class Died(Exception):
        pass

    def die(table: str, seen: int, written: int) -> None:
        if table == "event" and seen >= 14:
            raise Died

    with filled(tmp_path / "a") as source, Store.open(postgres_url) as team:
        with pytest.raises(Died):
            move_memory(source.store, team, die)
        # The source goes on living in between: more, changed, and gone.
        project = source.projects.all()[0]
        source.ingest(project.id, [commit(50, DAY + 50 * 60)])
        source.projects.rename(project.id, "renamed")
        with pytest.raises(Refused, match="half filled"):
            moving.check_whole(team)
        person = source.access.named("Ada")
        source.access.add_person("Eve", is_owner=True)
        source.access.remove_person(person.id)
        source.access.add_person("Ada", is_owner=True)
        moved = {each.table: each for each in move_memory(source.store, team)}
        assert moved["event"].rows == 31
        assert moved["event"].written == 31 - 14
        assert Service(team).projects.get(project.id).name == "renamed"
        assert Service(team).access.members(project.id) == []
        assert [each.id for each in Service(team).access.people()] == [each.id for each in source.access.people()]
        moving.check_whole(team)


def test_spending_comes_first(tmp_path: Path) -> None:
    """A memory that counts as moved while what was paid is forgotten would pay again."""
    (tmp_path / "b").mkdir()

    def die() -> list[moving.Moved]:
        raise RuntimeError

    with filled(tmp_path / "a") as source, Store.open(tmp_path / "b" / "memory.db") as target:
        with pytest.raises(RuntimeError):
            move_memory(source.store, target, first=die)
        with pytest.raises(Refused):
            moving.check_whole(target)
        move_memory(source.store, target)
        moving.check_whole(target)


def test_a_store_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    with filled(tmp_path / "a") as source, filled(tmp_path / "b", commits=1) as other:
        with pytest.raises(Refused, match="holds a memory already"):
            move_memory(source.store, other.store)
        assert other.store.count("SELECT COUNT(*) FROM event") == 1


def test_a_difference_at_the_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    with filled(tmp_path / "a") as source, Store.open(tmp_path / "b" / "memory.db") as target:
        put = sql.put
        monkeypatch.setattr(sql, "put", lambda *given: put(*given).replace(":payload", "'{}'"))
        with pytest.raises(StoreError, match="does not say what"):
            move_memory(source.store, target)


def test_spending_of_two_stores_is_the_sum_of_both(tmp_path: Path, postgres_url: str) -> None:
    claim = "INSERT INTO model_claim (project, claim, claimed_ms) VALUES (:project, :claim, 1)"
    with SpendStore.open(tmp_path / "spend.db") as source, SpendStore.open(postgres_url) as team:
        for store, name in ((source, "commit:a"), (team, "commit:b")):
            with store.transaction():
                store.run(claim, project="p", claim=name)
        move_spend(source, team)
        move_spend(source, team)
        assert team.count("SELECT COUNT(*) FROM model_claim") == 2
