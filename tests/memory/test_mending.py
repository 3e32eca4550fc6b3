"""After an upgrade under a process that stays open: what it writes with its old statements is found all the same."""

from __future__ import annotations

import json
from pathlib import Path

from contox_hooks.memory.mending import SUSPECT_S, mend
from contox_hooks.memory.search import search
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import run_pending
from tests.memory.events import DAY, Clock, a_project, commit, open_service
from tests.memory.test_search_rebuild import add


def written_by_an_old_process(folder: Path) -> str:
    """One item and one commit, as version 2 of the schema stored them; the project."""
    with open_service(folder) as service:
        project_id = a_project(service).id
        service.ingest(project_id, [commit(1, DAY)])
        with service.store.transaction():
            add(service.store, project_id, 1, "Use zebrafish queue", "AuthTokenProvider keeps it", ["m.py"], [])
            service.store.run("DELETE FROM authored")
        assert search(service.store, project_id, "zebrafish") == []
    return project_id


def test_the_next_worker_makes_it_whole(tmp_path: Path) -> None:
    project_id = written_by_an_old_process(tmp_path)
    with open_service(tmp_path) as service:
        service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    run_pending(tmp_path / "memory.db", lambda project, clones: None, clock=Clock(), stages={})  # type: ignore[arg-type, return-value]
    with open_service(tmp_path) as service:
        for query in ("zebrafish", "auth token"):
            assert [hit.item.title for hit in search(service.store, project_id, query)] == ["Use zebrafish queue"]
        (row,) = service.store.rows("SELECT authored_at, sha FROM authored")
        payload = json.loads(service.store.rows("SELECT payload FROM event")[0]["payload"])
        assert (row["authored_at"], row["sha"]) == (payload["author"]["at_utc"], payload["sha"])


def test_a_whole_store_is_left_alone_and_an_old_one_is_not_looked_through(tmp_path: Path) -> None:
    written_by_an_old_process(tmp_path)
    path = tmp_path / "memory.db"
    with Store.open(path, clock=lambda: 1e12) as store:
        assert mend(store) == 0
    with open_service(tmp_path) as service:
        migrated_at = service.store.rows("SELECT MAX(applied_at) AS at FROM migration")[0]["at"]
    with Store.open(path, clock=lambda: migrated_at + SUSPECT_S) as store:
        assert mend(store) == 1
        before = store.rows("SELECT total_changes() AS changes")[0]["changes"]
        assert mend(store) == 0
        assert store.rows("SELECT total_changes() AS changes")[0]["changes"] == before
