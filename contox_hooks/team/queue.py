"""The queue of a team's database: which sessions somebody should look at now.

A queue is a bell, not a record: what is to do, and when, stands in the rows of `run` and `job`, and whatever is lost
here is rung again by the next round (team/worker.py). So its tables need no migrations: a library that wants others
gets a schema of its own. Nothing waits in it for a time: what waits for one would hold its project's lock. Must not
know what a run does. Invariants: one waiting call a session; one running call a project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from contox_hooks.domain.error import StoreError

PRIORITIES: Final = {"manual": 10, "auto": 0, "landed": -10}
"""By a run's cause: who waits for an answer comes first, what is only looked after last."""

RUN: Final = "contox.run"

HEARTBEAT_S: Final = 5.0
STALLED_S: Final = 20.0
"""Four heartbeats missed: a worker that is only slow for that long is asked for its lock in the database as well
(memory's `Store.alone`), so that two never work on one project."""

WORKERS: Final = """
SELECT COUNT(*) AS workers FROM procrastinate_workers
WHERE last_heartbeat > NOW() - %(stalled_s)s * INTERVAL '1 second'
"""


@dataclass(frozen=True, slots=True)
class Call:
    project_id: str
    session_id: str
    cause: str = "auto"


@cache
def queue_schema() -> str:
    """The PostgreSQL schema of the queue's tables, by what the installed library makes there."""
    return f"contox_queue_{hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:8]}"


def connection_options() -> dict[str, str]:
    return {"options": f"-c search_path={queue_schema()}"}


def make(url: str) -> None:
    """The tables, once; several processes may try at the same time. Raises StoreError."""
    name = queue_schema()
    try:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
            cursor.execute("SELECT to_regclass(%s)", (f"{name}.procrastinate_jobs",))
            if cursor.fetchone() == (None,):
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())
                cursor.execute(f"SET LOCAL search_path = {name}".encode())
                cursor.execute(SchemaManager.get_schema().encode())
    except psycopg.Error as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> StoreError:
    why = " ".join(str(error.__cause__ or error).split())
    return StoreError(f"the queue's database failed: {why}", hint="check --database, and that PostgreSQL runs")


class Queue:
    """Rings from any thread; give it a connector that is open."""

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app

    def ring(self, call: Call) -> None:
        """Have the session looked at. Raises StoreError."""
        task = self._app.configure_task(
            RUN, lock=f"project:{call.project_id}", queueing_lock=call.session_id,
            priority=PRIORITIES.get(call.cause, 0),
        )  # fmt: skip
        try:
            with suppress(AlreadyEnqueued):
                task.defer(project_id=call.project_id, session_id=call.session_id)
        except ConnectorException as error:
            raise unreachable(error) from error

    def workers(self) -> int:
        """Worker processes whose heart beat within STALLED_S. Raises StoreError."""
        try:
            row = self._app.connector.get_sync_connector().execute_query_one(WORKERS, stalled_s=STALLED_S)
        except ConnectorException as error:
            raise unreachable(error) from error
        return int(row["workers"])


@contextmanager
def open_queue(url: str) -> Iterator[Queue]:
    """To ring only. Raises StoreError."""
    make(url)
    connector = procrastinate.SyncPsycopgConnector(
        conninfo=url, kwargs=connection_options(), min_size=1, max_size=4, timeout=5.0
    )
    app = procrastinate.App(connector=connector)
    try:
        app.open()
    except ConnectorException as error:
        raise unreachable(error) from error
    try:
        yield Queue(app)
    finally:
        app.close()


def worker_app(
    url: str, *, run: Callable[[str, str], Any], go_round: Callable[[], Any], every: str
) -> procrastinate.App:
    """What a worker process serves: `run` for a project's session, `go_round` by the clock (`every`: cron, seconds
    last)."""
    connector = procrastinate.PsycopgConnector(conninfo=url, kwargs=connection_options(), min_size=1, max_size=6)
    app = procrastinate.App(connector=connector)

    @app.task(name=RUN)
    def run_session(project_id: str, session_id: str) -> None:
        run(project_id, session_id)

    @app.periodic(cron=every)
    @app.task(name="contox.round", queueing_lock="round", priority=100)
    def round_(timestamp: int) -> None:
        go_round()

    @app.periodic(cron=every)
    @app.task(name="contox.stalled", queueing_lock="stalled", priority=100)
    async def free_stalled(timestamp: int) -> None:
        """Calls of workers that died hold their project's lock until somebody sees it. What they were for waits as a
        row: the round rings for it again."""
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    return app
