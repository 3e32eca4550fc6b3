"""Runs of the pipeline and their jobs, as rows. What a stage does is pipeline/'s work.

Invariants: a session has at most one run that has not begun; a stage's end is written by whoever writes its results,
in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from contox_hooks.domain.error import NotFound
from contox_hooks.domain.pipeline import STAGES, Job, JobStatus, Stage
from contox_hooks.memory.session import Sessions, no_session
from contox_hooks.memory.sql import drift as drift_sql
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import job as sql
from contox_hooks.memory.store import Row, Store

Cause = Literal["auto", "manual", "landed"]
"""`landed`: nothing was made here; only the drift check runs, which costs nothing and waits for no interval."""

FOREVER_MS = 2**53
"""After every due time."""


class Run(NamedTuple):
    id: str
    project_id: str
    session_id: str
    cause: Cause
    created_ms: int
    due_ms: int
    """Not to begin before: automatic runs keep the project's minimum interval."""


class Jobs:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions = Sessions(store)

    def unprocessed(self, project_id: str, *, session_id: str | None = None) -> int:
        """Commits, saved notes and scans that are not memory yet."""
        return self._store.count(event_sql.UNPROCESSED_COUNT, project_id=project_id, session_id=session_id)

    def unprocessed_sessions(self, project_id: str) -> list[str]:
        """Sessions with such events, oldest id first."""
        return [row["session_id"] for row in self._store.rows(event_sql.UNPROCESSED_SESSIONS, project_id=project_id)]

    def request(self, session_ids: Sequence[str], *, trigger: str, min_interval_s: int = 0) -> list[str]:
        """Queue a run for each session with unprocessed events; the new runs' ids.

        A run that has not begun takes the new commits along: no second one is queued. An `auto` run begins at least
        `min_interval_s` after the project's last automatic one; asking by hand makes it due at once.
        `landed` queues a run of the drift check alone, for a session with moves of branches that nobody looked at.
        Raises NotFound for an unknown session.
        """
        if trigger == "landed":
            return self._request_checks(session_ids)
        made = []
        with self._store.transaction():
            for session_id in dict.fromkeys(session_ids):
                found = self._store.row(sql.WAITING, session_id=session_id)
                if found is None:
                    raise no_session(session_id)
                if not found["is_waiting"]:
                    continue
                if found["queued_run"] is None:
                    made.append(self._queue(found["project_id"], session_id, trigger, min_interval_s))
                elif trigger != "auto":
                    self._store.run(sql.MAKE_DUE, id=found["queued_run"], now_ms=self._store.now_ms())
        return made

    def _queue(self, project_id: str, session_id: str, trigger: str, min_interval_s: int) -> str:
        now_ms = due_ms = self._store.now_ms()
        if trigger == "auto" and min_interval_s:
            # A clock that was once ahead must not put off every run until then.
            latest = min(self._store.count(sql.LATEST_AUTO_MS, project_id=project_id), now_ms)
            due_ms = max(now_ms, latest + min_interval_s * 1000 if latest else 0)
        run_id = self._store.new_id()
        self._store.run(
            sql.INSERT_RUN, id=run_id, project_id=project_id, session_id=session_id,
            cause="auto" if trigger == "auto" else "manual", created_ms=now_ms, due_ms=due_ms,
        )  # fmt: skip
        self._store.run_many(
            sql.INSERT_JOB,
            [
                {"id": self._store.new_id(), "run_id": run_id, "session_id": session_id, "stage": str(stage),
                 "queued_at_ms": now_ms}
                for stage in STAGES
            ],
        )  # fmt: skip
        return run_id

    def _request_checks(self, session_ids: Sequence[str]) -> list[str]:
        made = []
        with self._store.transaction():
            for session_id in dict.fromkeys(session_ids):
                session = self._sessions.get(session_id)
                # A run that is still to come looks as well; a failed one must stay the newest, or nobody can retry it.
                is_covered = any(job.status in ("queued", "failed") for job in self.of_session(session_id))
                if is_covered or not self._store.count(drift_sql.LANDED_IN_SESSION, session_id=session_id):
                    continue
                run_id, now_ms = self._store.new_id(), self._store.now_ms()
                made.append(run_id)
                self._store.run(
                    sql.INSERT_RUN, id=run_id, project_id=session.project_id, session_id=session_id, cause="landed",
                    created_ms=now_ms, due_ms=now_ms,
                )  # fmt: skip
                for stage in STAGES:
                    is_check = stage is Stage.DRIFT_CHECK
                    self._store.run(
                        drift_sql.INSERT_JOB, id=self._store.new_id(), run_id=run_id, session_id=session_id,
                        stage=str(stage), status="queued" if is_check else "skipped", queued_at_ms=now_ms,
                        detail=None if is_check else "nothing was made here, only what landed is looked at",
                    )  # fmt: skip
        return made

    def retry(self, session_id: str) -> Run:
        """Put the failed stage of the session's newest run back in the queue; the stages before it keep their
        results. Raises NotFound when nothing failed."""
        with self._store.transaction():
            run = self.latest_run(session_id)
            failed = [] if run is None else [job for job in self.of_run(run.id) if job.status == "failed"]
            if run is None or not failed:
                raise NotFound(f"no stage of session {session_id} failed", hint=f"contox-hooks jobs {session_id}")
            for job in failed:
                self._store.run(sql.REQUEUE, id=job.id, now_ms=self._store.now_ms())
            self._store.run(sql.MAKE_DUE, id=run.id, now_ms=self._store.now_ms())
            return run

    def latest_run(self, session_id: str) -> Run | None:
        row = self._store.row(sql.LATEST_RUN_OF_SESSION, session_id=session_id)
        return None if row is None else _run(row)

    def latest_run_of_project(self, project_id: str) -> Run | None:
        row = self._store.row(sql.LATEST_RUN_OF_PROJECT, project_id=project_id)
        return None if row is None else _run(row)

    def of_run(self, run_id: str) -> list[Job]:
        """In the order of the stages."""
        return [job_of(row) for row in self._store.rows(sql.JOBS_OF_RUN, run_id=run_id)]

    def of_session(self, session_id: str) -> list[Job]:
        """Of the session's newest run; none when nobody asked for one."""
        run = self.latest_run(session_id)
        return [] if run is None else self.of_run(run.id)

    def pending(self, *, project_id: str | None = None, session_id: str | None = None) -> list[Run]:
        """Runs that are due and that no failed stage holds up, oldest first."""
        now_ms = self._store.now_ms()
        rows = self._store.rows(sql.PENDING, now_ms=now_ms, project_id=project_id, session_id=session_id)
        return [_run(row) for row in rows]

    def waiting(self) -> list[Run]:
        """Runs of all projects that no failed stage holds up, due or not, oldest first."""
        rows = self._store.rows(sql.PENDING, now_ms=FOREVER_MS, project_id=None, session_id=None)
        return [_run(row) for row in rows]

    def pending_count(self, project_id: str) -> int:
        """Runs with work left, due or not."""
        return self._store.count(sql.PENDING_COUNT, project_id=project_id)

    def failed(self, project_id: str) -> list[Job]:
        """Failed stages of the newest run of their session, latest first."""
        return [job_of(row) for row in self._store.rows(sql.FAILED, project_id=project_id)]

    def all_failed(self) -> list[tuple[str, Job]]:
        """The same, of all projects, with theirs; the oldest first."""
        return [(row["project_id"], job_of(row)) for row in self._store.rows(sql.ALL_FAILED)]

    def begin_again(self, job: Job) -> bool:
        """Put a failed stage back in the queue by itself: what was tried before counts on. Whether it had failed."""
        with self._store.transaction():
            return self._store.run(sql.BEGIN_AGAIN, id=job.id, now_ms=self._store.now_ms()) == 1

    def failed_count(self) -> int:
        """The same, of all projects."""
        return self._store.count(sql.FAILED_COUNT)

    def start(self, job: Job) -> Job:
        with self._store.transaction():
            self._store.run(sql.START, id=job.id, now_ms=self._store.now_ms())
        return self._again(job)

    def finish(self, job: Job, status: JobStatus, *, detail: str | None = None, error: str | None = None) -> Job:
        with self._store.transaction():
            self._store.run(
                sql.FINISH, id=job.id, status=status, now_ms=self._store.now_ms(), detail=detail, last_error=error
            )
        return self._again(job)

    def _again(self, job: Job) -> Job:
        return next(other for other in self.of_run(job.run_id) if other.id == job.id)


def _run(row: Row) -> Run:
    return Run(row["id"], row["project_id"], row["session_id"], row["cause"], row["created_ms"], row["due_ms"])


def job_of(row: Row) -> Job:
    return Job(
        id=row["id"],
        run_id=row["run_id"],
        session_id=row["session_id"],
        stage=Stage(row["stage"]),
        status=row["status"],
        attempts=row["attempts"],
        queued_at_ms=row["queued_at_ms"],
        started_at_ms=row["started_at_ms"],
        finished_at_ms=row["finished_at_ms"],
        last_error=row["last_error"],
        detail=row["detail"],
    )
