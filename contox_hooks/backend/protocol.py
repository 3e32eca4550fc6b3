"""What the capture side asks of a backend. A contract test says the same of every implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from contox_hooks.domain.event import Event


class Receipt(NamedTuple):
    """The answer to one delivered event; a repeated event gets its first answer with `duplicate` set."""

    key: str
    event_id: str
    session_id: str
    duplicate: bool = False


class EndedSession(NamedTuple):
    closed_id: str
    new_id: str | None
    events: int


class Backend(Protocol):
    """Delivery and session control for one project.

    `deliver` is idempotent by an event's key and all or nothing: it returns one receipt an event, in order, only once
    everything is durable. Raises StoreError when the store cannot take it (nothing was stored then).
    """

    @property
    def identity(self) -> str:
        """Names the store behind it: another value means that what was delivered before is not there any more."""
        ...

    def deliver(self, events: Sequence[Event]) -> list[Receipt]: ...

    def end_session(self, *, at_utc: int, open_new: bool) -> EndedSession | None:
        """Close the active session of source `git-hooks`; None when there is none."""
        ...

    def request_run(self, session_ids: Sequence[str], *, trigger: str) -> list[str]:
        """Queue a pipeline run for each session that has unprocessed events and no queued run; returns run ids."""
        ...
