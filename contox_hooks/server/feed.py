"""Who looks on is told when something changed, whichever process changed it.

One thread a process, alive only while somebody listens, asks the store twice a second whether anything was written,
and only then what. Must not know routes, nor what a topic's state says. Invariant: a listener holds the newest state of
each name, never a queue: a slow reader costs no memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from contox_hooks.domain.error import Error
from contox_hooks.memory.pulse import mark
from contox_hooks.memory.store import Store

LOOK_S: Final = 0.5
ANYWAY_S: Final = 15.0
"""Sessions also end by time alone, which nobody writes down."""
_TROUBLE_S: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """Equal by `key`: those who listen to the same share one look."""

    key: Hashable
    state: Callable[[Store], Mapping[str, Any]] = field(compare=False)
    """What is so now, as JSON values by the name of the event that tells of it."""


def as_told(state: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(data) for name, data in state.items()}


def version_of(data: str) -> str:
    """An event's id: whoever has seen this data, on a page or before the line broke, knows it by it."""
    return hashlib.sha256(data.encode()).hexdigest()[:16]


class Listener:
    """Made and read in an event loop, rung from the feed's thread."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.has_looked = False
        """The feed's thread's own."""
        self._loop = asyncio.get_running_loop()
        self.is_over = False
        """Nothing more is told: the server stops."""
        self._told: dict[str, str] = {}
        self._news: dict[str, str] = {}
        self._rung = asyncio.Event()

    async def news(self) -> dict[str, str]:
        """By name what is new since the last time, first all there is, as JSON; waits for it, or for the end."""
        await self._rung.wait()
        self._rung.clear()
        news, self._news = self._news, {}
        return news

    def ring(self, state: Mapping[str, str]) -> None:
        self.has_looked = True
        with suppress(RuntimeError):  # its loop is over
            self._loop.call_soon_threadsafe(self._take, state)

    def end(self) -> None:
        self.is_over = True
        self._rung.set()

    def _take(self, state: Mapping[str, str]) -> None:
        changed = {name: data for name, data in state.items() if self._told.get(name) != data}
        self._told |= changed
        self._news |= changed
        if changed:
            self._rung.set()


class Feed:
    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._is_watched = False
        self._joined = threading.Event()

    @contextmanager
    def listening(self, topic: Topic) -> Iterator[Listener]:
        """In an event loop."""
        listener = Listener(topic)
        with self._lock:
            self._listeners.append(listener)
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, name="contox-feed", daemon=True).start()
        self._joined.set()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def end(self) -> None:
        """Whoever listens is sent home: a server that stops waits for nobody. In their event loop."""
        for listener in self._present():
            listener.end()

    def _present(self) -> list[Listener]:
        """None: the thread is over, and the next listener starts another."""
        with self._lock:
            self._is_watched = bool(self._listeners)
            return list(self._listeners)

    def _watch(self) -> None:
        while self._present():
            try:
                with self._open_store() as store:
                    self._watch_by(store)
            except Exception as error:  # a thread that is gone would leave every stream silent
                _log.warning("streams have nothing to tell for now: %s", error, exc_info=not isinstance(error, Error))
                time.sleep(_TROUBLE_S)

    def _watch_by(self, store: Store) -> None:
        seen: Hashable = None
        looked_at = float("-inf")
        while listeners := self._present():
            now, at = mark(store), time.monotonic()
            if now != seen or at - looked_at >= ANYWAY_S:
                seen, looked_at = now, at
                self._tell(store, listeners)
            else:
                self._tell(store, [listener for listener in listeners if not listener.has_looked])
            self._joined.wait(LOOK_S)
            self._joined.clear()

    def _tell(self, store: Store, listeners: list[Listener]) -> None:
        states: dict[Topic, dict[str, str]] = {}
        for listener in listeners:
            if listener.topic not in states:
                states[listener.topic] = as_told(listener.topic.state(store))
            listener.ring(states[listener.topic])
