"""The machine's half of every wake: a look for new commits, and whoever must work behind it is started.

Reads repository and stores anew at every wake, so that a store that was replaced, or changed settings, are seen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from contox_hooks.assembly import Assembly
from contox_hooks.cli.context import Here
from contox_hooks.cli.watch_screen import Screen
from contox_hooks.domain.error import Error
from contox_hooks.git.repository import Repository

LOOK_S = 2.0


class Look:
    def __init__(self, repo: Repository, screen: Screen) -> None:
        self._repo = repo
        self._screen = screen
        self._looked_at = float("-inf")
        self.is_busy = False
        """Another drain is at it, and may yet ask for a run."""

    @contextmanager
    def here(self) -> Iterator[Here]:
        here = Here(Assembly(self._repo))
        try:
            yield here
        finally:
            if "service" in vars(here.parts):
                here.parts.service.close()

    def drain_if_due(self, here: Here) -> None:
        if time.monotonic() - self._looked_at >= LOOK_S:
            self.drain(here)

    def drain(self, here: Here) -> None:
        try:
            self.is_busy = here.drain() is None
            self._screen.fine("commits")
        except Error as error:
            self._screen.trouble("commits", error)
        if not self.is_busy:
            self._looked_at = time.monotonic()

    def has_due_runs(self, here: Here) -> bool:
        """Whether pipeline runs are due here; a worker that was killed left its run behind and is started again.
        Raises StoreError."""
        due = here.parts.service.jobs.pending(project_id=here.parts.project.id)
        if due:
            here.parts.start_worker()
        return bool(due)
