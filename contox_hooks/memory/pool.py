"""Open memory stores, lent to one request at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from contox_hooks.domain.error import StoreError
from contox_hooks.lending import Lending
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store

WAIT_S: Final = 10.0
ACCOUNT: Final = "account"
"""The scope of what belongs to no project: people, keys, tickets. Alone among its like: a writer of all scopes would
have every project wait for it."""


class Pool:
    def __init__(self, open_store: Callable[[], Store], *, most: int = 16) -> None:
        self.open_store = open_store
        """For who keeps one for itself."""
        self._services = Lending(lambda: Service(open_store()), most=most, wait_s=WAIT_S, spoilt_by=StoreError)

    @contextmanager
    def service(self, scope: str | None = None) -> Iterator[Service]:
        """A service of its own for the time being. `scope`: the project that it writes to, so that writers of other
        projects need not wait (memory/store.py). Raises Busy when none comes free within WAIT_S, StoreError."""
        with self._services.lent() as service:
            service.store.scope = scope or ACCOUNT
            yield service

    def close(self) -> None:
        self._services.close()
