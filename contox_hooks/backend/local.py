"""The backend on this machine: the memory service called in this process, for one project.

On the drain's path: must import nothing heavier than sqlite3 and json.
"""

from __future__ import annotations

from collections.abc import Sequence

from contox_hooks.backend.protocol import EndedSession, Receipt
from contox_hooks.domain.event import SOURCE_HOOKS, Event
from contox_hooks.domain.session import WindowMode
from contox_hooks.memory.service import Service


class LocalBackend:
    """Implements `backend.protocol.Backend`; the caller closes the service."""

    def __init__(
        self, service: Service, project_id: str, *, window: WindowMode = "fixed", min_interval_s: int = 0
    ) -> None:
        self.service = service
        self.project_id = project_id
        self._window = window
        self._min_interval_s = min_interval_s

    @property
    def identity(self) -> str:
        """The project's id: a store that was lost gives the same repository another one."""
        return self.project_id

    def deliver(self, events: Sequence[Event]) -> list[Receipt]:
        return self.service.ingest(self.project_id, events, window=self._window)

    def end_session(self, *, at_utc: int, open_new: bool) -> EndedSession | None:
        return self.service.sessions.end(self.project_id, SOURCE_HOOKS, at_utc=at_utc, open_new=open_new)

    def request_run(self, session_ids: Sequence[str], *, trigger: str) -> list[str]:
        return self.service.jobs.request(session_ids, trigger=trigger, min_interval_s=self._min_interval_s)
