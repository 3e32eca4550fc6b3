"""A worker process of a team: takes calls from the queue, takes each session's runs through their stages.

Owns when it stops and what follows a failure; what a stage does is pipeline/'s. Invariants: rows say what is to do, so
a worker may die anywhere; it ends only when asked to, after the stage that it is in, and leaves the rest to others.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import procrastinate
from procrastinate.exceptions import ConnectorException

from contox_hooks.domain.error import Error, NotFound, StoreError
from contox_hooks.memory.moving import check_whole
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import ToolsFor, run_alone
from contox_hooks.team import queue
from contox_hooks.team.engine import calls_of, due_calls
from contox_hooks.team.retry import decide_again_ms, is_due_again

EVERY: Final = "* * * * * */10"
"""Cron with seconds: a round every ten seconds, by one of the workers."""
PATIENCE_S: Final = 20.0
"""So long a worker stays with a project that has more to do, before others get their turn."""
LONGEST_WAIT_S: Final = 30.0
"""Between two tries to reach a database that went away; the first comes after a second."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Worker:
    url: str
    tools_from: Callable[[ExitStack], ToolsFor]
    """What the tools hold open is closed with the stack, after each call."""
    concurrency: int = 1
    """Sessions at once, of different projects; a stage is work for the processor, so processes serve better."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _stop_serving: Callable[[], object] | None = None

    def run(self, ready: Callable[[str], None]) -> None:
        """Until SIGTERM or SIGINT; `ready` is told the database's name. Raises StoreError when it cannot be reached at
        the start, Refused when it is being filled; one that goes away later is waited for."""
        with Store.open(self.url) as store:  # migrated, and a clear error if not
            check_whole(store)
            where = store.where
        queue.make(self.url)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # tracebacks of what is told below in a line
        threading.Thread(target=self.index_vectors, daemon=True).start()
        ready(where)
        wait_s = 1.0
        while not self._stopping.is_set():
            try:
                self._serve()
                wait_s = 1.0
            except (StoreError, ConnectorException) as error:
                told = error if isinstance(error, StoreError) else queue.unreachable(error)
                _log.warning("%s; again in %.0f s", told.message, wait_s)
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _stop(self, number: int, frame: Any) -> None:
        self._stopping.set()
        if self._stop_serving is not None:
            self._stop_serving()

    def index_vectors(self) -> None:
        """Where the database has pgvector, or may get it. Beside the work, since many vectors take minutes; what dies
        with the process the next one makes."""
        from contox_hooks.memory.neighbour import make_index

        try:
            with Store.open(self.url) as store:
                make_index(store)
        except Exception as error:  # searches do without
            _log.info("no index of vectors, so searches compare them all: %s", error)

    def _serve(self) -> None:
        """Until asked to stop, or until the database is out of reach for the library's own patience."""
        with queue.open_queue(self.url) as bell:
            app = queue.worker_app(
                self.url, run=lambda project, session: self._take(project, session, bell),
                go_round=lambda: self._go_round(bell), every=EVERY,
            )  # fmt: skip
            self._go_round(bell)
            asyncio.run(self._listen(app))

    async def _listen(self, app: procrastinate.App) -> None:
        async with app.open_async():
            serving = asyncio.create_task(
                app.run_worker_async(
                    concurrency=self.concurrency, install_signal_handlers=False, delete_jobs="always",
                    update_heartbeat_interval=queue.HEARTBEAT_S, stalled_worker_timeout=queue.STALLED_S,
                )
            )  # fmt: skip
            loop = asyncio.get_running_loop()
            self._stop_serving = lambda: loop.call_soon_threadsafe(serving.cancel)
            try:
                if self._stopping.is_set():
                    serving.cancel()  # takes no more calls, waits for those under way
                with suppress(asyncio.CancelledError):
                    await serving
            finally:
                self._stop_serving = None

    def _take(self, project_id: str, session_id: str, bell: queue.Queue) -> None:
        """One call. Whatever happens to it, the session's rows say what is left."""
        try:
            with ExitStack() as readers, Store.open(self.url) as store:
                service = Service(store)
                store.scope = project_id
                for job in service.jobs.of_session(session_id):
                    if is_due_again(job, store.now_ms()):
                        service.jobs.begin_again(job)
                store.scope = None
                report = run_alone(
                    store, self.tools_from(readers), project_id=project_id, session_id=session_id,
                    patience_s=PATIENCE_S, should_stop=self._stopping.is_set,
                )  # fmt: skip
                for job in report.failed:
                    then = "it is tried again" if decide_again_ms(job) is not None else "a person must look"
                    _log.warning("session %s, %s: %s; %s", job.session_id, job.stage, job.last_error, then)
                if not report.busy:
                    for call in calls_of(service, session_id):  # stopped half-way
                        bell.ring(call)
        except NotFound:
            return
        except Error as error:
            _log.warning("session %s: %s", session_id, error.message)

    def _go_round(self, bell: queue.Queue) -> None:
        """Whatever is due and was not rung for, or whose ring was lost."""
        with Store.open(self.url) as store:
            for call in due_calls(Service(store)):
                bell.ring(call)
