"""The server's engine in team mode: it rings, worker processes run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack

from contox_hooks.domain.error import Error
from contox_hooks.memory.service import Service
from contox_hooks.team.queue import Call, Queue, open_queue
from contox_hooks.team.retry import is_due_again

_log = logging.getLogger(__name__)


def calls_of(service: Service, session_id: str) -> list[Call]:
    """What is due of one session."""
    return [Call(run.project_id, session_id, run.cause) for run in service.jobs.pending(session_id=session_id)]


def due_calls(service: Service) -> list[Call]:
    """What somebody should look at now, of all sessions: runs that are due, stages to be tried again."""
    runs = service.jobs.pending()
    calls = {run.session_id: Call(run.project_id, run.session_id, run.cause) for run in runs}
    now_ms = service.store.now_ms()
    for project_id, job in service.jobs.all_failed():
        if is_due_again(job, now_ms):
            calls.setdefault(job.session_id, Call(project_id, job.session_id))
    return list(calls.values())


class TeamEngine:
    """Implements server.engine.Engine. A ring that fails is logged: the workers' next round finds the run, as it does
    one that is due later."""

    def __init__(self, url: str, service: Callable[[], AbstractContextManager[Service]]) -> None:
        self._url = url
        self._service = service
        self._held = ExitStack()
        self._queue: Queue | None = None

    def start(self) -> None:
        self._queue = self._held.enter_context(open_queue(self._url))

    def stop(self) -> None:
        self._held.close()

    def workers(self) -> int:
        assert self._queue is not None
        return self._queue.workers()

    def wake(self, project_id: str, session_ids: Sequence[str]) -> None:
        assert self._queue is not None
        try:
            with self._service() as service:
                for session_id in session_ids:
                    for call in calls_of(service, session_id):
                        self._queue.ring(call)
        except Error as error:
            _log.warning("nobody could be told that %s has work: %s", project_id, error.message)
