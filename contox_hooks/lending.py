"""Things that one thread may use at a time, lent to many: open stores, connections to a server.

Must not know what is lent. Invariant: what is lent is one borrower's until it is given back; what failed is closed, and
never lent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from contox_hooks.domain.error import Busy


class Closable(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Lending(Generic[T]):
    def __init__(self, make: Callable[[], T], *, most: int, wait_s: float, spoilt_by: type[Exception]) -> None:
        """At most `most` at once; `spoilt_by`: after such an error a thing is good for nothing."""
        self._make = make
        self._wait_s = wait_s
        self._spoilt_by = spoilt_by
        self._idle: list[T] = []
        self._lock = threading.Lock()
        self._free = threading.Semaphore(most)

    @contextmanager
    def lent(self) -> Iterator[T]:
        """Raises Busy when none comes free within `wait_s`, what making one raises."""
        if not self._free.acquire(timeout=self._wait_s):
            raise Busy("too many requests at once", hint="try again in a moment")
        thing = None
        try:
            thing = self._taken()
            yield thing
        except self._spoilt_by:
            if thing is not None:
                thing.close()
                thing = None
            raise
        finally:
            if thing is not None:
                with self._lock:
                    self._idle.append(thing)
            self._free.release()

    def _taken(self) -> T:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._make()

    def close(self) -> None:
        """What is idle now; what is lent is closed by nobody."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()
