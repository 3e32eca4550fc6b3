"""Worker processes on a real PostgreSQL: each run once, whoever dies (team/worker.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from contox_hooks.memory.service import Service
from contox_hooks.team.engine import TeamEngine
from tests.memory.events import DAY, commit

HASTY = """
from contox_hooks.__main__ import main
from contox_hooks.team import queue, worker

queue.HEARTBEAT_S, queue.STALLED_S, worker.EVERY = 1.0, 4.0, "* * * * * */2"
main()
"""
"""The program itself, but that a dead worker is missed after 4 seconds instead of 20."""

Start = Callable[[], "subprocess.Popen[bytes]"]
BODY = "Because readers must never wait for a writer, memory is kept in one file that both may open."


@pytest.fixture
def start(postgres_url: str) -> Iterator[Start]:
    """Starts one more worker."""
    with ExitStack() as started:

        def worker() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-c", HASTY, "worker", "--database", postgres_url]
            process = subprocess.Popen(command, stderr=subprocess.PIPE)
            started.callback(process.wait)
            started.callback(process.stderr.close)  # type: ignore[union-attr]
            started.callback(process.kill)
            return process

        yield worker


def filled(service: Service, projects: int, sessions: int, *, request: bool = True) -> list[str]:
    """Sessions with commits to read, in several projects; queued."""
    ids: dict[str, None] = {}
    for number in range(projects):
        project = service.projects.create(f"p{number}")
        events = [
            commit(1000 * number + n, DAY + n * 5 * 3600, subject=f"Decide to keep part {n} of {number} in a file", body=BODY, diff=f"diff --git a/m{n}.py b/m{n}.py\n--- a/m{n}.py\n+++ b/m{n}.py\n@@ -1 +1 @@\n-a\n+def part_{n}() -> int: ...\n")
            for n in range(sessions)
        ]  # fmt: skip
        ids.update((receipt.session_id, None) for receipt in service.ingest(project.id, events))
    if request:
        service.jobs.request(list(ids), trigger="manual")
    return list(ids)


def is_done(service: Service, session_ids: list[str]) -> bool:
    return all(
        jobs and all(job.status in ("done", "skipped") for job in jobs)
        for jobs in (service.jobs.of_session(each) for each in session_ids)
    )


def wait_for(check: Callable[[], bool], *, most_s: float = 60) -> None:
    until = time.monotonic() + most_s
    while not check():
        assert time.monotonic() < until
        time.sleep(0.1)


def chunks_extracted(service: Service) -> int:
    return service.store.count("SELECT COUNT(*) FROM chunk WHERE result IS NOT NULL")


def test_what_the_server_rings_for_is_run(postgres_url: str, start: Start) -> None:
    engine = TeamEngine(postgres_url, lambda: Service.open(postgres_url))
    engine.start()
    with Service.open(postgres_url) as service:
        start()
        sessions = filled(service, 1, 2)
        engine.wake(service.projects.all()[0].id, sessions)
        wait_for(lambda: is_done(service, sessions))
        assert engine.workers() == 1
        assert service.items.counts_by_status(service.projects.all()[0].id).get("active")
    engine.stop()


def test_a_worker_that_is_asked_to_stop_leaves_the_rest_to_others(postgres_url: str, start: Start) -> None:
    with Service.open(postgres_url) as service:
        sessions = filled(service, 2, 6)  # nobody rings: the first round finds them
        first = start()
        wait_for(lambda: chunks_extracted(service) > 0)
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        start()
        wait_for(lambda: is_done(service, sessions))
        assert chunks_extracted(service) == len(sessions)


def test_a_worker_outlives_its_connections(postgres_url: str, start: Start) -> None:
    with Service.open(postgres_url) as service:
        worker = start()
        sessions = filled(service, 1, 1)
        wait_for(lambda: is_done(service, sessions))
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        more = filled(service, 2, 1)
        wait_for(lambda: is_done(service, more))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


def test_what_failed_is_tried_again_by_itself(postgres_url: str, start: Start) -> None:
    with Service.open(postgres_url) as service:
        [session] = filled(service, 1, 1)
        job = service.jobs.start(service.jobs.of_session(session)[0])
        service.jobs.finish(job, "failed", error="the model is not there")
        minute_ago = "UPDATE job SET finished_at_ms = finished_at_ms - 60000 WHERE id = :id"
        with service.store.transaction():
            service.store.run(minute_ago, id=job.id)
        start()  # nobody rings, and no worker saw it fail
        wait_for(lambda: is_done(service, [session]))
        assert service.jobs.of_session(session)[0].attempts == 2


def test_no_run_is_lost_and_none_is_done_twice_when_workers_are_killed(postgres_url: str, start: Start) -> None:
    with Service.open(postgres_url) as service:
        sessions = filled(service, 3, 5)
        workers = [start(), start(), start()]
        wait_for(lambda: chunks_extracted(service) > 1)
        for victim in workers[:2]:
            os.kill(victim.pid, signal.SIGKILL)
        start()
        wait_for(lambda: is_done(service, sessions), most_s=90)
        rows = service.store.rows(
            "SELECT session_id, COUNT(*) AS items, COUNT(DISTINCT title) AS titles FROM item GROUP BY session_id"
        )
        assert {row["session_id"] for row in rows} == set(sessions)
        assert all(row["items"] == row["titles"] for row in rows)


def test_on_sqlite_no_worker_is_needed(tmp_path: object) -> None:
    command = [sys.executable, "-m", "contox_hooks", "worker", "--database", f"sqlite:{tmp_path}/x.db"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "workers are for PostgreSQL" in ended.stderr
