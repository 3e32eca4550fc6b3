"""The server's engine in team mode: it rings, worker processes run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from contox_hooks.domain.error import Error
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.team.queue import Call, Queue, open_queue

_log = logging.getLogger(__name__)


def ring_for(queue: Queue, service: Service, session_ids: Sequence[str] | None = None) -> int:
    """Ring for every run that waits, of these sessions or of all; how many. Raises StoreError."""
    now_ms = service.store.now_ms()
    runs = [run for run in service.jobs.waiting() if session_ids is None or run.session_id in session_ids]
    for run in runs:
        at_s = run.due_ms / 1000 if run.due_ms > now_ms else None
        queue.ring(Call(run.project_id, run.session_id, run.cause), at_s=at_s)
    return len(runs)


class TeamEngine:
    """Implements server.engine.Engine. A ring that fails is logged: the workers' next round finds the run."""

    def __init__(self, url: str, open_store: Callable[[], Store]) -> None:
        self._url = url
        self._open_store = open_store
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
            with Service(self._open_store()) as service:
                ring_for(self._queue, service, session_ids)
        except Error as error:
            _log.warning("nobody could be told that %s has work: %s", project_id, error.message)
