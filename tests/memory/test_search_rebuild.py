"""Step 3: a store whose words were indexed by the published step 2 finds its items after the upgrade."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from contox_hooks.memory import migration, search_rebuild
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.memory.word import spread
from tests.memory.events import DAY, a_project, open_service

_OLD_INSERT = """
INSERT INTO item_fts (rowid, title, facts, rationale, files, tags)
VALUES (:number, :title, :facts, :rationale, :files, :tags)
"""
"""As commit 59c99b1 filled step 2's table: identifiers spread, the tokenizer doing the rest."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of version 2 with 1,203 items of two projects; the rebuild takes 100 at a time."""
    monkeypatch.setattr(search_rebuild, "_AT_ONCE", 100)
    path = tmp_path / "memory.db"
    with monkeypatch.context() as then:
        then.setattr(migration, "MIGRATIONS", migration.MIGRATIONS[:2])
        then.setattr(migration, "LATEST", 2)
        with open_service(tmp_path) as service, service.store.transaction():
            here, there = add_project(service.store, "/work/.git", "r"), add_project(service.store, "/o", "o")
            add(
                service.store, here, 1, "Requests are cached", "AuthTokenProvider keeps them", ["src/cache.py"], ["api"]
            )
            add(service.store, there, 2, "Requests elsewhere", "", [], [])
            for number in range(3, 1204):
                add(service.store, here, number, f"Filler {number}", "nothing of note", [], [])
    return path


def add(store: Store, project_id: str, number: int, title: str, facts: str, files: list[str], tags: list[str]) -> None:
    item_id = f"01ITEM{number:020d}"
    store.run(
        "INSERT INTO item (id, project_id, type, title, facts, schema_key, confidence, importance, status, files, tags,"
        " at_utc, created_at, updated_at) VALUES (:id, :project_id, 'decision', :title, :facts, 'root/api', 0.8, 3,"
        " 'active', :files, :tags, :at, :at, :at)",
        id=item_id, project_id=project_id, title=title, facts=facts, files=json.dumps(files), tags=json.dumps(tags),
        at=DAY + number,
    )  # fmt: skip
    store.run("INSERT INTO item_number (item_id) VALUES (:id)", id=item_id)
    store.run(
        _OLD_INSERT, number=number, title=spread(title), facts=facts, rationale="", files=" ".join(files),
        tags=" ".join((*tags, "root/api")),
    )  # fmt: skip


def add_project(store: Store, common_dir: str, root: str) -> str:
    """As of that version: what the service writes today has columns of later steps."""
    store.run(
        "INSERT INTO project (id, name, root_commit, created_at) VALUES (:id, :id, :root, :at)",
        id=f"01PROJECT{root}", root=root * 40, at=DAY,
    )  # fmt: skip
    store.run(
        "INSERT INTO project_clone (common_dir, project_id, seen_at) VALUES (:dir, :id, :at)",
        dir=common_dir, id=f"01PROJECT{root}", at=DAY,
    )  # fmt: skip
    return f"01PROJECT{root}"


def another(service: Service) -> str:
    return service.projects.find_or_create(common_dir="/o", root_commit="o" * 40, remote=None, name="o").id


def found(service: Service, query: str, project_id: str | None = None) -> list[str]:
    return [hit.item.title for hit in service.search(project_id or a_project(service).id, query, limit=2000)]


def test_the_words_are_found_again(old: Path) -> None:
    with Service.open(old) as service:
        for query in ("requesting", "token provider", "cache.py", "api cached"):
            assert found(service, query)[0] == "Requests are cached", query
        assert found(service, "requests", another(service)) == ["Requests elsewhere"]
        assert found(service, "filler 1203")[0] == "Filler 1203"
        assert service.store.count("SELECT COUNT(*) FROM item_fts") == 1203


def test_what_the_step_writes_is_what_an_item_writes(old: Path) -> None:
    columns = "SELECT title, facts, rationale, files, tags, project FROM item_fts WHERE rowid = 1"
    with Service.open(old) as service:
        (rebuilt,) = service.store.rows(columns)
        item = service.items.get("01ITEM00000000000000000001")
        service.items.edit(item.id, facts="")
        service.items.edit(item.id, facts=item.facts)
        (written,) = service.store.rows(columns)
    assert tuple(rebuilt) == tuple(written)


def test_read_only_migrates_first(old: Path) -> None:
    """As store.py says of any older version: the file is upgraded, then opened to read."""
    with Service.open(old, readonly=True) as service:
        assert found(service, "requesting") == ["Requests are cached"]
        assert service.store.version == migration.LATEST


def test_interrupted_it_was_never_begun(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def words(text: str) -> str:
        if text == "Filler 700":
            raise KeyboardInterrupt
        return spread(text)

    with monkeypatch.context() as then:
        then.setattr(search_rebuild, "spread", words)
        with pytest.raises(KeyboardInterrupt):
            Store.open(old)
    with sqlite3.connect(old) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT COUNT(*) FROM item_fts WHERE item_fts MATCH 'requesting'").fetchone() == (2,)
    connection.close()
    with Service.open(old) as service:
        assert found(service, "requesting") == ["Requests are cached"]
