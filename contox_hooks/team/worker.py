"""A worker process of a team: takes calls from the queue, takes each session's runs through their stages.

Owns when it stops and what follows a failure; what a stage does is pipeline/'s. Invariants: rows say what is to do, so
a worker may die anywhere; asked to stop, it ends after the stage that it is in, and leaves the rest to others.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Final

import procrastinate
from procrastinate.exceptions import ConnectorException

from contox_hooks.domain.error import NotFound
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import ToolsFor, run_alone
from contox_hooks.team import queue
from contox_hooks.team.engine import ring_for
from contox_hooks.team.queue import Call, Queue
from contox_hooks.team.retry import decide_wait_s

EVERY: Final = "* * * * * */10"
"""Cron with seconds: a round every ten seconds, by one of the workers."""
BUSY_WAIT_S: Final = 5.0
"""Another worker has the project though the queue says otherwise (it was taken for dead): asked again so soon."""
PATIENCE_S: Final = 20.0
"""So long a worker stays with a project that has more to do, before others get their turn."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Worker:
    url: str
    tools_from: Callable[[ExitStack], ToolsFor]
    """What the tools hold open is closed with the stack, after each call."""
    concurrency: int = 1
    """Sessions at once, of different projects; a stage is work for the processor, so processes serve better."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, ready: Callable[[str], None]) -> None:
        """Until SIGTERM or SIGINT; `ready` is told the database's name. Raises StoreError when it cannot be reached at
        the start."""
        with Store.open(self.url) as store, queue.open_queue(self.url) as bell:  # migrated, and a clear error if not
            app = queue.worker_app(
                self.url, run=lambda call: self._take(call, bell), ring=bell.ring,
                round_=lambda: self._go_round(bell), every=EVERY,
            )  # fmt: skip
            try:
                self._go_round(bell)
                threading.Thread(target=self.index_vectors, daemon=True).start()
                ready(store.where)
                asyncio.run(self._serve(app))
            except ConnectorException as error:
                raise queue.unreachable(error) from error

    def index_vectors(self) -> None:
        """Where the database has pgvector, or may get it. Beside the work, since many vectors take minutes; what dies
        with the process the next one makes."""
        from contox_hooks.memory.neighbour import make_index

        try:
            with Store.open(self.url) as store:
                make_index(store)
        except Exception as error:  # searches do without
            _log.info("no index of vectors, so searches compare them all: %s", error)

    async def _serve(self, app: procrastinate.App) -> None:
        async with app.open_async():
            serving = asyncio.create_task(
                app.run_worker_async(
                    concurrency=self.concurrency, install_signal_handlers=False, delete_jobs="always",
                    update_heartbeat_interval=queue.HEARTBEAT_S, stalled_worker_timeout=queue.STALLED_S,
                )
            )  # fmt: skip

            def stop() -> None:
                self._stopping.set()
                serving.cancel()  # takes no more calls, waits for those under way

            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
            with suppress(asyncio.CancelledError):
                await serving

    def _take(self, call: Call, bell: Queue) -> None:
        """One call. Whatever happens to it, the session's rows say what is left."""
        with ExitStack() as readers, Store.open(self.url) as store:
            service = Service(store)
            try:
                service.sessions.get(call.session_id)
            except NotFound:
                return
            if call.attempt:
                with suppress(NotFound):  # a person retried it in the meantime
                    service.jobs.retry(call.session_id)
            report = run_alone(
                store, self.tools_from(readers), project_id=call.project_id, session_id=call.session_id,
                patience_s=PATIENCE_S, should_stop=self._stopping.is_set,
            )  # fmt: skip
            if report.busy:
                bell.ring(call, at_s=store.now() + BUSY_WAIT_S)
            elif report.failed:
                for job in report.failed:
                    again = (
                        call
                        if job.session_id == call.session_id
                        else replace(call, session_id=job.session_id, attempt=0)
                    )
                    self._put_off(again, job.last_error or "", bell, store.now())
            else:
                ring_for(bell, service, [call.session_id])  # stopped half-way, or due later

    def _put_off(self, call: Call, why: str, bell: Queue, now: int) -> None:
        wait_s = decide_wait_s(call.attempt)
        _log.warning(
            "session %s failed (attempt %d): %s; %s", call.session_id, call.attempt + 1, why,
            "a person must look" if wait_s is None else f"again in {wait_s} s",
        )  # fmt: skip
        if wait_s is not None:
            bell.ring(replace(call, attempt=call.attempt + 1), at_s=now + wait_s)

    def _go_round(self, bell: Queue) -> None:
        """Whatever waits and was not rung for, or whose ring was lost."""
        with Store.open(self.url) as store:
            ring_for(bell, Service(store))
