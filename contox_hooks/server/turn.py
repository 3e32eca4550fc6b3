"""Who asks a model now: so many at once, of one project fewer, and whoever comes then is told to come again.

Must not know models. Invariant: no project's slow model takes the threads that answer all the others.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from contox_hooks.domain.error import Busy

MOST: Final = 12
"""Of the 40 threads that routes run in (anyio's default): each is held for as long as the model takes."""
MOST_OF_ONE: Final = 4


class Turns:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, project_id: str) -> Iterator[None]:
        """Raises Busy, at once."""
        with self._lock:
            if self._taken.total() >= MOST or self._taken[project_id] >= MOST_OF_ONE:
                raise Busy("the model is asked too many questions at once", hint="try again in a moment")
            self._taken[project_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[project_id] -= 1
                self._taken += Counter()  # without those at zero
