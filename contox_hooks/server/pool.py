"""Open stores, lent to one request at a time.

Invariant: what is lent is used by one thread until it is given back; a store that failed is closed, never lent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contox_hooks.domain.error import Busy, StoreError
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store

WAIT_S = 10.0
ACCOUNT = "account"
"""The scope of what belongs to no project: people, keys, tickets. Alone among its like: a writer of all scopes would
have every project wait for it."""


class Pool:
    def __init__(self, open_store: Callable[[], Store], *, most: int = 16) -> None:
        self.open_store = open_store
        """For who keeps one for itself."""
        self._idle: list[Service] = []
        self._lock = threading.Lock()
        self._free = threading.Semaphore(most)

    @contextmanager
    def service(self, scope: str | None = None) -> Iterator[Service]:
        """A service of its own for the time being. `scope`: the project that it writes to, so that writers of other
        projects need not wait (memory/store.py). Raises Busy when none comes free within WAIT_S, StoreError."""
        if not self._free.acquire(timeout=WAIT_S):
            raise Busy("too many requests at once", hint="try again in a moment")
        service = None
        try:
            service = self._taken()
            service.store.scope = scope or ACCOUNT
            yield service
        except StoreError:
            if service is not None:
                service.close()
                service = None
            raise
        finally:
            if service is not None:
                with self._lock:
                    self._idle.append(service)
            self._free.release()

    def _taken(self) -> Service:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Service(self.open_store())

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().close()
