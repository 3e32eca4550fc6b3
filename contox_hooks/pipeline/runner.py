"""Takes queued runs through their stages: one worker at a time on a machine, or one a project on a database of a team.

Owns the order, the lock, and what a failure means; must not know what a stage does. Invariants: a stage's results and
its job row commit in one transaction; the lock, not the row, says who is alive, so whoever holds it may take up a job
that stands as `running`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contox_hooks.domain.error import Error, StoreError
from contox_hooks.domain.pipeline import Job, JobStatus, next_job
from contox_hooks.lock import FileLock
from contox_hooks.memory.job import Run
from contox_hooks.memory.mending import mend
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from contox_hooks.pipeline.work import ProjectWork, Registry, Tools, Work

MAX_DEATHS = 3
"""A stage whose worker died so often is failed instead of taken up again: it may be what kills it."""

ToolsFor = Callable[[Project, Sequence[Path]], Tools]
"""A project and its clones' common git directories on this machine, latest first; some may be gone."""


@dataclass(frozen=True, slots=True)
class Progress:
    run: Run
    session: Session
    job: Job
    runs_done: int
    runs_total: int
    """Due when this pass began; more may come."""


@dataclass(frozen=True, slots=True)
class RunReport:
    runs: int
    """Taken as far as they went."""
    failed: tuple[Job, ...]
    busy: bool
    """Another worker is at it: nothing was done here, it will be done there."""


def run_pending(
    path: Path,
    tools_for: ToolsFor,
    *,
    project_id: str | None = None,
    session_id: str | None = None,
    limit: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    clock: Callable[[], float] = time.time,
    stages: Registry = STAGE_FUNCTIONS,
) -> RunReport:
    """Run what is due, oldest first, until nothing is left or `limit` runs are done.

    A stage that raises fails its job with one line and holds up its run, not the others. Raises StoreError when the
    store cannot be read or written; nothing is lost then, the next worker goes on where this one stopped.
    """
    # NORMAL: what a power cut takes from the end is computed again, except a paid answer, which chunk.py syncs.
    with Store.open(path, synchronous="NORMAL", clock=clock) as store:
        worker = _Worker(Service(store), tools_for, stages, on_progress)
        lock = FileLock(path.with_name(f"{path.name}.worker"))
        while worker.due(project_id, session_id) and (limit is None or worker.runs < limit):
            if not _take(lock, path):
                return worker.report(busy=True)
            with lock:
                mend(store)
                worker.work(project_id, session_id, limit)
            # Look again without the lock: whoever queued a run while we held it saw us and went away.
        return worker.report(busy=False)


def run_alone(
    store: Store,
    tools_for: ToolsFor,
    *,
    project_id: str,
    session_id: str,
    patience_s: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
    stages: Registry = STAGE_FUNCTIONS,
) -> RunReport:
    """What is due of one session, as `run_pending`, then what else of its project is due while less than `patience_s`
    went by: what was learnt about a project serves all its sessions. The project's lock is in the database, which frees
    it when this process dies. With `should_stop` it ends after the stage that it is in. Raises StoreError."""
    until = time.monotonic() + patience_s
    worker = _Worker(Service(store), tools_for, stages, None, should_stop)
    with store.alone(project_id) as is_alone:
        if is_alone:
            mend(store)
            store.scope = project_id
            worker.work(project_id, session_id, None)
            while not should_stop() and time.monotonic() < until and (due := worker.due(project_id, None)):
                worker.work(project_id, due[0].session_id, None)
    return worker.report(busy=not is_alone)


def _take(lock: FileLock, path: Path) -> bool:
    """Whether the lock is ours; patient for a moment, since whoever only asks if a worker is alive holds it as long."""
    try:
        for pause_s in (0.02, 0.05, 0.1):
            if lock.take():
                return True
            time.sleep(pause_s)
        return lock.take()
    except OSError as error:
        raise StoreError(f"cannot lock the memory store {path}: {error.strerror}") from error


@dataclass(slots=True)
class _Worker:
    service: Service
    tools_for: ToolsFor
    stages: Registry
    on_progress: Callable[[Progress], None] | None
    should_stop: Callable[[], bool] = lambda: False
    runs: int = 0
    failed: list[Job] = field(default_factory=list)
    projects: dict[str, ProjectWork] = field(default_factory=dict)

    def due(self, project_id: str | None, session_id: str | None) -> list[Run]:
        return self.service.jobs.pending(project_id=project_id, session_id=session_id)

    def work(self, project_id: str | None, session_id: str | None, limit: int | None) -> None:
        while due := self.due(project_id, session_id):
            total = self.runs + len(due)
            for run in due:
                if self.should_stop() or (limit is not None and self.runs >= limit):
                    return
                self._take_through(run, total)
                self.runs += 1

    def _take_through(self, run: Run, total: int) -> None:
        while (job := next_job(self.service.jobs.of_run(run.id))) and not self.should_stop():
            session = self.service.sessions.get(run.session_id)
            if job.status == "running" and job.attempts >= MAX_DEATHS:
                reason = f"the worker died {job.attempts} times in this stage"
                self._tell(run, session, self._failed(job, reason), total)
                return
            job = self.service.jobs.start(job)
            self._tell(run, session, job, total)
            self._tell(run, session, self._finished(run, session, job), total)

    def _finished(self, run: Run, session: Session, job: Job) -> Job:
        try:
            write = self.stages[job.stage](Work(self.service, run, session, self._project(run.project_id)))
            with self.service.store.transaction():
                result = write()
                status: JobStatus = "skipped" if result.skipped else "done"
                return self.service.jobs.finish(job, status, detail=result.detail)
        except StoreError:
            raise
        except Error as error:
            return self._failed(job, error.message)
        except Exception as error:  # a stage may meet anything in a commit; the next run must not suffer
            self.projects.pop(run.project_id, None)
            return self._failed(job, f"{type(error).__name__}: {error}")

    def _failed(self, job: Job, reason: str) -> Job:
        failed = self.service.jobs.finish(job, "failed", error=" ".join(reason.split())[:500])
        self.failed.append(failed)
        return failed

    def _project(self, project_id: str) -> ProjectWork:
        if project_id not in self.projects:
            project = self.service.projects.get(project_id)
            self.projects[project_id] = ProjectWork(self.tools_for(project, self.service.projects.clones(project_id)))
        return self.projects[project_id]

    def _tell(self, run: Run, session: Session, job: Job, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(run, session, job, self.runs, total))

    def report(self, *, busy: bool) -> RunReport:
        return RunReport(self.runs, tuple(self.failed), busy)
