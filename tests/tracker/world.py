"""A tracker in a process of its own, or in this one, and waiting for what it writes."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contox_hooks.capture.state import state_of
from contox_hooks.tracker.launch import start, stop
from contox_hooks.tracker.lock import is_running
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import Place, place_of
from contox_hooks.tracker.state import State, read_state
from contox_hooks.tracker.worker import Tracker
from tests.gitrepo import Repo


class Still:
    """A watch of a tree where nothing happens."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def batches(self, stop: threading.Event) -> Iterator[list[object]]:
        yield []
        stop.wait()


def until(is_so: Callable[[], object], within_s: float = 20.0) -> None:
    limit = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.02)


@contextmanager
def tracking(root: Path, task: str | None = None) -> Iterator[Place]:
    """In its own process; stopped at the end if the test has not."""
    place = place_of(root)
    start(place, order_of(place, task))
    try:
        yield place
    finally:
        if is_running(place):
            stop(place)


def session(place: Place, meanwhile: Callable[[State], None] = lambda state: None, task: str | None = None) -> State:
    """A whole session in this process: begun, `meanwhile`, ended by SIGTERM; the state afterwards."""

    def told(state: State) -> None:
        meanwhile(state)
        os.kill(os.getpid(), signal.SIGTERM)

    place.create()
    Tracker(place, order_of(place, task)).run(told)
    state = read_state(place)
    assert state is not None
    return state


def saved_paths(repo: Repo) -> tuple[str, ...]:
    """What was noted for the capture session."""
    lines = state_of(repo.repository).saved.read_text().splitlines()
    return tuple(json.loads(line.partition(" ")[2]) for line in lines if line[0].isdigit())


def details(place: Place) -> list[str]:
    """The log's lines without their stamps."""
    return [line.partition("] ")[2] for line in place.log.read_text().splitlines() if line.startswith("[")]
