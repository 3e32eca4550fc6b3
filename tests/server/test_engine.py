"""The engine of a server on a file: whatever is due is worked on by some process, and is never lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contox_hooks import work
from contox_hooks.domain.access import Role
from contox_hooks.lock import FileLock
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.memory.store import Store
from contox_hooks.place import memory_path
from contox_hooks.server import embedded
from contox_hooks.server.embedded import EmbeddedEngine
from contox_hooks.server.site import Options, Site
from tests.gitrepo import Repo
from tests.server.captured import captured, some_work
from tests.server.conftest import Running, serve


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOOK_S", 0.1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    found = EmbeddedEngine(tmp_path / "server" / "memory.db")
    yield found
    found.stop()


@pytest.fixture
def running(tmp_path: Path, engine: EmbeddedEngine) -> Iterator[Running]:
    """As the fixture of this name, with workers."""
    where = tmp_path / "server" / "memory.db"
    where.parent.mkdir()
    site = Site(Pool(lambda: Store.open(where)), engine, Options(requests_a_minute=0))
    for url in serve(site):
        found = Running(url, where, site)
        yield found
        for client in found.clients:
            client.close()


@pytest.fixture
def session_id(running: Running, project_id: str, repo: Repo) -> str:
    some_work(repo)
    return captured(running, project_id, repo)


def wait(holds: Callable[[], bool], *, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def statuses(running: Running, session_id: str) -> list[str]:
    with running.service() as service:
        return [job.status for job in service.jobs.of_session(session_id)]


def is_done(running: Running, session_id: str) -> bool:
    return set(statuses(running, session_id)) == {"done", "skipped"}


def test_what_is_asked_for_is_done_in_a_process_of_its_own(running: Running, project_id: str, session_id: str) -> None:
    client = running.client(running.person("ada", {project_id: Role.WRITER}))
    assert client.post(f"/api/v2/sessions/{session_id}/enrich").json()["status"] == "queued"
    wait(lambda: client.get(f"/api/v2/sessions/{session_id}/jobs").json()["pipeline"]["status"] == "done")
    with running.service() as service:
        assert service.items.count(project_id) == 1


def test_what_comes_due_later_needs_no_bell(running: Running, project_id: str, session_id: str) -> None:
    with running.service() as service, service.store.transaction():
        (run_id,) = service.jobs.request([session_id], trigger="auto")
        service.store.run("UPDATE run SET due_ms = :at WHERE id = :id", at=service.store.now_ms() + 700, id=run_id)
    assert statuses(running, session_id) == ["queued"] * 5
    wait(lambda: is_done(running, session_id))


def test_what_a_dead_worker_left_is_taken_up(running: Running, session_id: str) -> None:
    with running.service() as service:
        service.jobs.request([session_id], trigger="manual")
        with service.store.transaction():
            job = service.jobs.of_session(session_id)[0]
            service.store.run(job_sql.START, id=job.id, now_ms=1)
    wait(lambda: is_done(running, session_id))
    with running.service() as service:
        assert service.jobs.of_session(session_id)[0].attempts == 2


def test_a_worker_that_is_at_it_is_enough(running: Running, session_id: str) -> None:
    assert isinstance(running.where, Path)
    with FileLock(running.where.with_name("memory.db.worker")) as lock:
        assert lock.take()
        assert work.is_running(running.where)
        with running.service() as service:
            service.jobs.request([session_id], trigger="manual")
        running.site.engine.wake("", [])
        time.sleep(0.5)
        assert statuses(running, session_id) == ["queued"] * 5
    wait(lambda: is_done(running, session_id))


def test_a_stopped_server_leaves_the_worker_working(tmp_path: Path, repo: Repo) -> None:
    where = tmp_path / "memory.db"
    engine = EmbeddedEngine(where)
    site = Site(Pool(lambda: Store.open(where)), engine, Options())
    server = serve(site)
    running = Running(next(server), where, site)
    some_work(repo)
    session_id = captured(running, running.project(), repo)
    with running.service() as service:
        service.generate(session_id)
    engine.wake("", [])
    wait(lambda: engine._child is not None)
    server.close()
    wait(lambda: is_done(running, session_id))


def test_workers_that_do_nothing_are_started_ever_less_often(
    running: Running, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []

    def detached(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        started.append(time.monotonic())
        return subprocess.Popen([sys.executable, "-S", "-c", ""])

    monkeypatch.setattr(embedded, "detached", detached)
    with running.service() as service:
        service.jobs.request([session_id], trigger="manual")
    wait(lambda: len(started) == 4)
    assert started[3] - started[2] >= 4 * embedded.LOOK_S


def test_the_plan_of_the_server_binds_its_workers(running: Running, project_id: str, session_id: str) -> None:
    """A project that wants a model gets the rules where the plan has none."""
    with running.service() as service:
        service.projects.set_setting(project_id, "model", "small")
        service.access.set_plan("offline")
        service.generate(session_id)
    wait(lambda: is_done(running, session_id))
    with running.service() as service:
        assert "by rules" not in (service.jobs.of_session(session_id)[0].detail or "")


def test_other_stores_are_left_alone(running: Running, session_id: str) -> None:
    """The user's own memory is another one: the worker of a server does not even make it."""
    with running.service() as service:
        service.generate(session_id)
    wait(lambda: is_done(running, session_id))
    assert not memory_path().exists()
