"""The pipeline's process: what it takes, that there is one, and what it says when it cannot work."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from contox_hooks import assembly, wake, work
from contox_hooks.assembly import Assembly
from contox_hooks.cli.context import Here
from contox_hooks.lock import FileLock
from contox_hooks.place import data_dir, memory_path
from tests.cli.world import begin, commit, drain, parts_of, start
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def queue(repo: Repo) -> str:
    """A run that is due; its id."""
    drain(repo)
    service, project_id = parts_of(repo)
    with service:
        (run_id,) = service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    return run_id


def states(repo: Repo, run_id: str) -> list[str]:
    service, _ = parts_of(repo)
    with service:
        return [job.status for job in service.jobs.of_run(run_id)]


def process() -> subprocess.CompletedProcess[str]:
    root = Path(work.__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "contox_hooks.work"], cwd=root, capture_output=True, text=True, check=True
    )


def test_the_process_takes_everything_of_every_project(repo: Repo, make_repo: type[Repo]) -> None:
    other = make_repo("other")
    runs = []
    for one in (repo, other):
        one.commit(f"another root, so another project: {one.path.name}")
        begin(one)
        one.commit("feat: add f", {f"{one.path.name}.py": "def f(x):\n    return x\n"}, now=True)
        runs.append((one, queue(one)))
    done = process()
    assert (done.stdout, done.stderr) == ("", "")
    for one, run_id in runs:
        assert states(one, run_id) == ["done"] * 5
    assert not (data_dir() / "log").exists()


def test_each_project_has_its_own_settings(repo: Repo) -> None:
    begin(repo)
    repo.write(".contox.yaml", "deep_enrich: false\n")
    commit(repo)
    run_id = queue(repo)
    work.run()
    service, _ = parts_of(repo)
    with service:
        assert service.jobs.of_run(run_id)[1].detail == "switched off (deep_enrich)"


def test_a_clone_that_is_gone_is_no_obstacle(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    run_id = queue(repo)
    aside = repo.path.rename(repo.path.with_name("moved"))
    work.run()
    aside.rename(repo.path)
    assert states(repo, run_id)[:2] == ["done", "skipped"]


def test_no_second_worker_beside_a_running_one(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(assembly, "start_detached", started.append)
    begin(repo)
    parts = Assembly(repo.repository)
    seen: list[bool] = []

    def look(_: object) -> None:
        seen.append(work.is_running())
        parts.start_worker()

    commit(repo)
    queue(repo)
    work.run(on_progress=look)  # the runner's own lock is what is_running looks at
    assert set(seen) == {True}
    assert started == []
    assert not work.is_running()
    parts.start_worker()
    assert started == ["contox_hooks.work"]


def test_while_another_is_at_it_nothing_is_done_here(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    run_id = queue(repo)
    with FileLock(memory_path().with_name("memory.db.worker")) as lock:
        assert lock.take()
        assert work.run().busy
    assert set(states(repo, run_id)) == {"queued"}


def test_a_run_that_a_killed_worker_left_is_taken_up_by_status(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    run_id = queue(repo)
    service, _ = parts_of(repo)
    with service:
        service.jobs.start(service.jobs.of_run(run_id)[0])
    assert "… Enrichment" in start(repo, "status").communicate(timeout=60)[0]
    deadline = time.monotonic() + 60
    while states(repo, run_id) != ["done"] * 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert states(repo, run_id) == ["done"] * 5


def test_trouble_goes_to_the_log_beside_the_store(repo: Repo) -> None:
    begin(repo)
    memory_path().write_bytes(b"no database" * 100)
    done = process()
    assert (done.stdout, done.stderr) == ("", "")
    assert "worker: the memory store" in (data_dir() / "log").read_text()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The processes that would have been started."""
    found: list[str] = []
    monkeypatch.setattr(assembly, "start_detached", found.append)
    return found


@pytest.mark.parametrize("look", ["hook", "verb"])
def test_a_run_that_no_worker_came_to_gets_one_after_the_next_drain(repo: Repo, started: list[str], look: str) -> None:
    begin(repo)
    commit(repo)
    queue(repo)
    started.clear()
    commit(repo, "fix: g", 5)
    parts = Assembly(repo.repository)
    if look == "hook":
        wake._drain(parts.repo.common_dir, parts.state, [])
    else:
        Here(parts).drain()
    assert started == ["contox_hooks.work"]


def test_an_idle_drain_of_a_hook_leaves_the_memory_store_alone(
    repo: Repo, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    commit(repo)
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "true")
    drain(repo)  # queues a run that nobody comes to
    monkeypatch.setattr(assembly, "_opened", lambda *_: pytest.fail("opened"))
    parts = Assembly(repo.repository)
    wake._drain(parts.repo.common_dir, parts.state, [])
    assert started == []


@pytest.mark.parametrize("minutes", [5, 60])
def test_a_worker_waits_for_a_run_that_is_due_soon(repo: Repo, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    begin(repo)
    commit(repo)
    run_id = queue(repo)
    make_due(run_id, time.time() + minutes * 60)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        assert not work.is_running()  # others may work meanwhile
        slept.append(seconds)
        make_due(run_id, time.time())

    monkeypatch.setattr(work, "time", SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=sleep))
    work.run_patiently()
    if minutes == 5:
        assert [round(seconds / 10) for seconds in slept] == [30]
        assert states(repo, run_id) == ["done"] * 5
    else:
        assert slept == []
        assert set(states(repo, run_id)) == {"queued"}


def make_due(run_id: str, at_utc: float) -> None:
    with closing(sqlite3.connect(memory_path())) as db, db:
        db.execute("UPDATE run SET due_ms = ? WHERE id = ?", (int(at_utc * 1000), run_id))
