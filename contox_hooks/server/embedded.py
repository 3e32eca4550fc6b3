"""The engine of a server on a file: it sees to it that a detached worker process (contox_hooks.work) is at whatever is
due, and leaves it working when the server ends.

A thread of its own looks when it is told to and every few seconds: for runs that came due since, and for those of a
worker that died. Must not know what a run does. Invariant: nothing is remembered here that the rows do not say.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contox_hooks import work
from contox_hooks.assembly import detached
from contox_hooks.domain.error import StoreError
from contox_hooks.memory.job import Jobs
from contox_hooks.memory.store import Store

LOOK_S: Final = 2.0
CAP_S: Final = 60.0
"""While workers leave what is due untouched, or the store cannot be read, each look comes after twice the time."""

_log = logging.getLogger(__name__)


class EmbeddedEngine:
    """Implements engine.Engine. A worker that a hook's drain started on the same file is as good as ours."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._rung = threading.Event()
        self._is_over = False
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._left: list[str] = []
        """Runs that were due when the last worker was started."""

    def wake(self, project_id: str, session_ids: Sequence[str]) -> None:
        self._rung.set()

    def start(self) -> None:
        self._is_over = False
        self._thread = threading.Thread(target=self._watch, name="contox-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_over = True
        self._rung.set()
        if self._thread is not None:
            self._thread.join(LOOK_S)
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # it goes on without us

    def _watch(self) -> None:
        wait_s = LOOK_S
        while not self._is_over:
            self._rung.clear()
            try:
                is_well = self._look()
            except (StoreError, OSError) as error:  # OSError: no process can be started
                _log.warning("the pipeline's worker cannot be seen to: %s", error)
                is_well = False
            wait_s = LOOK_S if is_well else min(2 * wait_s, CAP_S)
            self._rung.wait(wait_s)

    def workers(self) -> int:
        return int(work.is_running(self._where))

    def _look(self) -> bool:
        """Whether the last worker did anything of what was due."""
        if (self._child is not None and self._child.poll() is None) or work.is_running(self._where):
            return True
        with Store.open(self._where) as store:
            due = [run.id for run in Jobs(store).pending()]
        is_stuck = bool(due) and due == self._left
        self._left = due
        if due and not self._is_over:
            self._child = detached("contox_hooks.work", str(self._where))
        return not is_stuck
