"""The one writer of what comes in: all requests that wait are one transaction, and are answered when it is durable.

Must not know HTTP. Invariants: nobody gets an answer before the commit; a batch that fails is repeated one by one, so
that a bad request harms nobody but itself; what was taken in is written, also while stopping.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeVar

from contox_hooks.domain.error import Busy
from contox_hooks.memory.delivery import Delivery, Taken, take_deliveries
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import is_url
from contox_hooks.server.engine import Engine

MOST_WAITING: Final = 512
"""Half a second's work; whoever comes then is told to come again."""
MOST_TOGETHER: Final = 64

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Reading:
    """What the requests of one batch read: asked for by many, it is read once, and forgotten with the batch."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._answers: dict[Hashable, Any] = {}

    def once(self, about: Hashable, read: Callable[[], T]) -> T:
        """What raises is not kept."""
        if about not in self._answers:
            self._answers[about] = read()
        found: T = self._answers[about]
        return found


Prepare = Callable[[Reading], Delivery]


@dataclass(slots=True)
class _Job:
    prepare: Prepare
    answer: asyncio.Future[Taken | None]
    delivery: Delivery | None = None
    is_over: bool = False
    taken: Taken | None = None
    error: Exception | None = None


class Committer:
    def __init__(self, pool: Pool, engine: Engine) -> None:
        self._pool = pool
        self._engine = engine
        self._waiting: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._line = threading.Lock()
        """Held by who prepares the next batch, until it is that batch's turn."""
        self._turn = threading.Lock()
        """Held by who writes."""
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Two: while one writes a batch, the other prepares the next."""
        self._threads = [threading.Thread(target=self._run, name="committer") for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Writes what waits; nobody may ask any more."""
        threads, self._threads = self._threads, []
        if threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join()

    async def taken(self, prepare: Prepare) -> Taken | None:
        """As `take_deliveries` gives it, once it is durable. `prepare` says what is to be stored, reads only, and runs
        in a writer's thread: for what takes milliseconds. Raises Busy, StoreError, what `prepare` raises."""
        job = _Job(prepare, asyncio.get_running_loop().create_future())
        if not self._threads:
            raise Busy("the server is stopping")
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            raise Busy("too many events at once", hint="try again in a moment") from None
        return await job.answer

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._commit([job for job in batch if not job.is_over])
            finally:
                self._turn.release()
            batch[0].answer.get_loop().call_soon_threadsafe(_answer, batch)

    def _next_batch(self) -> list[_Job]:
        """Prepared, and with the turn; none at the end."""
        with self._line:
            job = self._waiting.get()
            batch = [] if job is None else [job, *self._others(1)]
            if job is None:
                self._waiting.put(None)  # for the other thread
            else:
                self._prepare(batch)
                self._turn.acquire()
                late = self._others(len(batch))  # came while the other thread wrote
                self._prepare(late)
                batch += late
            return batch

    def _others(self, count: int) -> list[_Job]:
        """What waits, so that there are at most MOST_TOGETHER."""
        found: list[_Job] = []
        with suppress(queue.Empty):
            while count + len(found) < MOST_TOGETHER:
                job = self._waiting.get_nowait()
                if job is None:
                    self._waiting.put(None)  # the end is seen by who waits for the next batch
                    break
                found.append(job)
        return found

    def _prepare(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            with self._pool.service() as service:
                reading = Reading(service)
                for job in jobs:
                    _prepare(job, reading)
        except Exception as error:
            for job in jobs:
                job.error, job.is_over = error, True

    def _commit(self, jobs: Sequence[_Job]) -> None:
        try:
            with self._pool.service() as service:
                for scope, parts in _transactions(service, jobs):
                    service.store.scope = scope
                    with service.store.transaction():
                        for part in parts:
                            _take(service, part)
                    for part in parts:
                        self._follow(part)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].error = error
                return
            for job in jobs:
                if not job.is_over:
                    self._commit([job])

    def _follow(self, part: Sequence[_Job]) -> None:
        to_wake: dict[str, None] = {}
        for job in part:
            job.is_over = True
            to_wake |= dict.fromkeys(() if job.taken is None else job.taken.to_wake)
        if to_wake:
            self._engine.wake(_project_id(part[0]), list(to_wake))


def _prepare(job: _Job, reading: Reading) -> None:
    try:
        job.delivery = job.prepare(reading)
    except Exception as error:
        job.error, job.is_over = error, True


def _transactions(service: Service, jobs: Sequence[_Job]) -> Iterator[tuple[str | None, Sequence[Sequence[_Job]]]]:
    """A file has one writer; in PostgreSQL those of one project wait for each other only (memory/store.py)."""
    ordered = sorted(jobs, key=_project_id)
    parts = [(project_id, list(part)) for project_id, part in groupby(ordered, key=_project_id)]
    if is_url(service.store.path):
        yield from ((project_id, [part]) for project_id, part in parts)
    elif parts:
        yield None, [part for _, part in parts]


def _project_id(job: _Job) -> str:
    return "" if job.delivery is None else job.delivery.project_id


def _take(service: Service, part: Sequence[_Job]) -> None:
    deliveries = [job.delivery for job in part if job.delivery is not None]
    for job, taken in zip(part, take_deliveries(service.store, deliveries), strict=True):
        job.taken = taken


def _answer(batch: Sequence[_Job]) -> None:
    for job in batch:
        if job.answer.done():
            continue  # who asked has gone
        if job.error is None:
            job.answer.set_result(job.taken)
        else:
            job.answer.set_exception(job.error)
