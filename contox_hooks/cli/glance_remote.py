"""The server's side of a glance: what waits for it, what it refuses, why. Reads only what is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.render import ago, duration, plural
from contox_hooks.domain.delivery import rest_s

if TYPE_CHECKING:
    from contox_hooks.capture.outbox import Waiting
    from contox_hooks.capture.state import State
    from contox_hooks.connection import Connection

MAX_REASON = 120

QUIET_FAILURES = 2
"""So many failures in a row are a hiccup: a note, not a problem."""

_PARKED = {
    "key": "the server refuses the key",
    "secret": "the server refuses the signature",
    "project": "the server does not know the project",
}


@dataclass(frozen=True, slots=True)
class RemoteGlance:
    connection: Connection
    waiting: Waiting
    is_sending: bool
    held: int
    """Events that may be on the server or not: the capture database was built anew."""

    @property
    def name(self) -> str:
        return clean(self.connection.project_name or self.connection.project_id)

    def line(self, now: float) -> str:
        """One line for people: where to, and what has not got there."""
        host = self.connection.url.partition("://")[2]
        if self.connection.paused:
            return f"paused, {self._left()}: contox-hooks resume"
        if not self.waiting.events:
            return f"{self.name} on {host}, all delivered"
        if self.is_sending:
            return f"{self.name} on {host}, {self._left()}, being sent"
        wait_s = rest_s(self.waiting.circuit.rests_until, now)
        when = f", next try in {duration(wait_s * 1000)}" if wait_s > 0 else ""
        return f"{self.name} on {host}, {self._left()}{when}"

    def _left(self) -> str:
        return f"{plural(self.waiting.events, 'event')} waiting"

    def problems(self) -> list[tuple[str, str]]:
        """(what, the command that mends it)."""
        found: list[tuple[str, str]] = []
        circuit = self.waiting.circuit
        reason = cut(clean(circuit.reason), MAX_REASON)
        if not self.connection.paused:
            if circuit.cause in _PARKED:
                since = ago(circuit.since)
                text = f"{_PARKED[circuit.cause]} ({reason}), since {since}: {self._left()}, nothing is lost"
                found.append((text, "contox-hooks connect"))
            elif circuit.failures > QUIET_FAILURES and self.waiting.events:
                what = "wants us to wait" if circuit.cause == "rate" else "cannot be reached"
                text = f"the server {what} since {ago(circuit.since)} ({reason}): {self._left()}"
                found.append((text, "contox-hooks outbox list"))
        if self.held:
            text = f"{plural(self.held, 'event')} may be on the server or not: the capture database was built anew"
            found.append((text, "contox-hooks connect --backlog deliver"))
        if self.waiting.quarantined:
            refused = plural(self.waiting.quarantined, "capture")
            found.append((f"the server refuses {refused}: kept here", "contox-hooks outbox list"))
        return found

    def object(self) -> dict[str, Any]:
        circuit = self.waiting.circuit
        return {
            "server": self.connection.url,
            "project_id": self.connection.project_id,
            "project_name": self.connection.project_name,
            "paused": self.connection.paused,
            "waiting": self.waiting.events,
            "quarantined": self.waiting.quarantined,
            "sending": self.is_sending,
            "circuit": {
                "cause": circuit.cause, "reason": clean(circuit.reason), "failures": circuit.failures,
                "rests_until": circuit.rests_until,
            },
        }  # fmt: skip


def remote_glance(state: State) -> RemoteGlance | None:
    """None where the repository is not connected. Raises StoreError."""
    from contox_hooks.connection import read_connection

    connection = read_connection(state.root)
    if connection is None:
        return None
    from contox_hooks.capture.outbox import Outbox
    from contox_hooks.capture.store import CaptureStore
    from contox_hooks.send import is_sending

    with CaptureStore.open(state.database) as store:
        outbox = Outbox(store, connection)
        return RemoteGlance(connection, outbox.waiting(), is_sending(state), outbox.held_count())
