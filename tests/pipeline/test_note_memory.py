"""Saved notes through the whole pipeline, with the real rules, beside commits of a real repository."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contox_hooks import work
from contox_hooks.domain.event import Event, rewrite_event
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.item import Items
from contox_hooks.memory.job import Jobs
from contox_hooks.memory.service import Service
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.store import Place, Store
from contox_hooks.pipeline.embedding import default_embedder
from contox_hooks.pipeline.runner import run_alone
from tests.gitrepo import EPOCH, Repo
from tests.server.captured import commits_of

NOTE: dict[str, Any] = {
    "summary": "Sessions are kept in Redis now",
    "changes": [
        {"category": "decisions", "title": "Keep sessions in Redis", "content": "The disk was too slow under load."},
        {"category": "todo", "title": "Measure the latency of Redis", "content": "Nobody did so far."},
    ],
}


class World:
    def __init__(self, where: Place, repo: Repo) -> None:
        self.where = where
        with self.service() as service:
            found = service.projects.find_or_create(
                common_dir=repo.path / ".git", root_commit="r" * 40, remote=None, name="work"
            )
            self.project_id = found.id

    def service(self) -> Service:
        return Service.open(self.where)

    def save(
        self, number: int = 1, payload: dict[str, Any] | None = None, *, at: int = EPOCH, source: str = "cli"
    ) -> str:
        """The session of a note."""
        event = Event("mcp_save", f"mcp_save:{number:032x}", source, at, payload or NOTE)
        return self.ingest(event)

    def ingest(self, *events: Event) -> str:
        with self.service() as service:
            return service.ingest(self.project_id, list(events))[-1].session_id

    def process(self) -> None:
        with self.service() as service:
            service.jobs.request(service.jobs.unprocessed_sessions(self.project_id), trigger="manual")
        assert self.run() == []

    def run(self) -> list[Job]:
        """Whatever is due; the jobs that failed."""
        if isinstance(self.where, Path):
            return list(work.run(self.where).failed)
        with ExitStack() as readers, Store.open(self.where) as store:
            tools_for = work.tools_from(readers, self.where)
            sessions = dict.fromkeys(run.session_id for run in Jobs(store).pending())
            reports = [
                run_alone(store, tools_for, project_id=self.project_id, session_id=session_id)
                for session_id in sessions
            ]
            return [job for report in reports for job in report.failed]

    def titles(self, **filters: Any) -> set[str]:
        with self.service() as service:
            return {item.title for item in service.items.page(self.project_id, **filters)}


@pytest.fixture
def world(where: Place, repo: Repo) -> World:
    return World(where, repo)


def test_a_note_is_memory(world: World) -> None:
    session_id = world.save()
    with world.service() as service:
        assert service.jobs.unprocessed(world.project_id) == 1
    world.process()
    with world.service() as service:
        assert service.jobs.unprocessed(world.project_id) == 0
        (event,) = service.sessions.events(session_id)
        assert event.processed_run is not None
        (item,) = service.items.page(world.project_id, type="decision")
        assert (item.schema_key, item.confidence) == ("root/decisions", 0.6)
        for cited in service.items.get(item.id).evidence:
            assert (cited.event_id, cited.commit_sha) == (event.id, "mcp_save:" + "1".zfill(32))
        jobs = service.jobs.of_session(session_id)
        assert jobs[0].detail == "2 items from 1 note"
        assert [job.status for job in jobs] == ["done", "skipped", "done", "done", "skipped"]
        session = service.sessions.get(session_id)
        assert (session.summary, session.items_extracted) == (NOTE["summary"], 2)
        hits = service.search(world.project_id, "where do sessions live", embedder=default_embedder())
        assert hits[0].item.id == item.id
        assert "Keep sessions in Redis" in service.brain(world.project_id).document


def test_once_is_enough(world: World) -> None:
    session_id = world.save()
    world.process()
    with world.service() as service:
        assert service.jobs.request([session_id], trigger="manual") == []
    world.save(2, {"summary": "more", "changes": [{"category": "bugs", "title": "Leaks memory", "content": "In f."}]})
    world.process()
    assert world.titles() == {"Keep sessions in Redis", "Measure the latency of Redis", "Leaks memory"}


def test_said_again_it_is_reinforced(world: World) -> None:
    world.save(1)
    world.save(2, at=EPOCH + 6 * 3600)
    world.process()
    assert len(world.titles()) == 2
    with world.service() as service:
        assert {item.reinforced for item in service.items.page(world.project_id)} == {1}


def test_lists_of_files_are_events_and_no_memory(world: World) -> None:
    session_id = world.save(payload={**NOTE, "summary": "[auto-save] 3 files changed"})
    world.process()
    assert world.titles() == set()
    with world.service() as service:
        assert service.jobs.unprocessed(world.project_id) == 0
        assert service.sessions.get(session_id).summary == "[auto-save] 3 files changed"


def test_beside_commits_of_the_same_session(world: World, repo: Repo) -> None:
    repo.commit("feat: add greeting", {"hello.py": "def greet(name):\n    return f'hello {name}'\n"})
    events = commits_of(repo)
    session_id = world.ingest(*events)
    assert world.save(at=events[-1].at_utc + 60) == session_id
    world.process()
    with world.service() as service:
        assert service.jobs.of_session(session_id)[0].detail == "3 items from 1 commit and 1 note"
        summary = service.sessions.get(session_id).summary or ""
    assert summary.startswith(f"{NOTE['summary']}. 1 commit: Add greeting")
    assert len(world.titles()) == 3


def test_what_becomes_of_commits_is_nothing_to_a_note(world: World, repo: Repo) -> None:
    """It was said at a commit that was dropped and that nothing reaches any more: it stands all the same."""
    repo.commit("root")
    repo.commit("feat: add greeting", {"hello.py": "def greet(name):\n    return f'hello {name}'\n"})
    old, events = repo.head(), commits_of(repo)
    world.ingest(*events)
    world.save(payload={**NOTE, "headCommitSha": old}, at=events[-1].at_utc + 60)
    world.process()
    assert len(world.titles(status="active")) == 3
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit("feat: add farewell", {"bye.py": "def leave(name):\n    return f'bye {name}'\n"})
    later = [replace(event, at_utc=event.at_utc + 7 * 3600) for event in commits_of(repo)]
    world.ingest(*later, rewrite_event([(old, None)], command="rebase", at_utc=events[-1].at_utc + 120))
    world.process()
    standing = world.titles(status="active")
    assert standing > {"Keep sessions in Redis", "Measure the latency of Redis"}
    assert not any("greeting" in title for title in standing)  # the commit's own item went with it
    with world.service() as service:
        (item,) = service.items.page(world.project_id, type="decision")
        assert [each.quote for each in service.items.get(item.id).evidence] == list(NOTE["changes"][0].values())[1:]


def test_a_run_that_dies_in_between_makes_no_item_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.save()
    with monkeypatch.context() as patch:
        patch.setattr(Items, "add", _fails)
        with world.service() as service:
            service.jobs.request(service.jobs.unprocessed_sessions(world.project_id), trigger="manual")
        assert world.run()
    with world.service() as service:
        (session_id,) = service.jobs.unprocessed_sessions(world.project_id)
        service.jobs.retry(session_id)
    assert world.run() == []
    assert len(world.titles()) == 2


def _fails(*_: object) -> str:
    raise RuntimeError("the worker was killed")


def test_the_index_of_what_is_still_to_do_serves_both_questions(tmp_path: Path, repo: Repo) -> None:
    world = World(tmp_path / "memory.db", repo)
    with world.service() as service:
        for statement in (sql.UNPROCESSED_COUNT, sql.UNPROCESSED_SESSIONS):
            plan = service.store.rows(f"EXPLAIN QUERY PLAN {statement}", project_id="p", session_id=None)
            assert any("event_unprocessed" in row["detail"] for row in plan)
