"""The doorbell behind the event stream: one ring reaches everyone who listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEARTBEAT_S = 15.0


class Bell:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0
        self._generation = 0
        self._listeners = 0

    @property
    def listeners(self) -> int:
        with self._changed:
            return self._listeners

    def ring(self) -> None:
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def silence(self) -> None:
        """Sends every listener home."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    @contextmanager
    def listening(self) -> Iterator[Iterator[bool]]:
        """True a ring (several at once count as one), False a heartbeat; ends when the bell is silenced."""
        with self._changed:
            self._listeners += 1
            rings = self._heard(self._rings, self._generation)
        try:
            yield rings
        finally:
            with self._changed:
                self._listeners -= 1

    def _heard(self, heard: int, generation: int) -> Iterator[bool]:
        while True:
            deadline = time.monotonic() + HEARTBEAT_S
            with self._changed:
                while self._rings == heard and self._generation == generation:
                    if not self._changed.wait(deadline - time.monotonic()):
                        break
                if self._generation != generation:
                    return
                is_ring, heard = self._rings != heard, self._rings
            yield is_ring
