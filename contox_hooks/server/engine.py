"""Who runs the pipeline of what came in: told that something is due, it sees to it in some process.

Must not know routes. Invariant: the rows of `run` and `job` say what is to do; the engine is told "look now", and a
call that is lost costs time, never work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Engine(Protocol):
    def wake(self, project_id: str, session_ids: Sequence[str]) -> None:
        """These sessions have runs queued, due now or later. Returns at once; raises nothing."""
        ...

    def workers(self) -> int:
        """Processes that take runs, alive now. Raises StoreError."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None:
        """What was begun goes on elsewhere or is taken up again; returns soon."""
        ...


class NoEngine:
    """Nothing runs: what is queued waits for whoever comes."""

    def wake(self, project_id: str, session_ids: Sequence[str]) -> None: ...

    def workers(self) -> int:
        return 0

    def start(self) -> None: ...

    def stop(self) -> None: ...
