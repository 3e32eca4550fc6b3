"""The server that a repository is connected to: whether it is there, lets us in, and has what it should have."""

from __future__ import annotations

from collections.abc import Iterator

from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection, connection_path, read_connection
from contox_hooks.diagnosis.finding import Finding, note
from contox_hooks.domain.error import Error

ANSWER_S = 10.0
"""A server that does not say within so long whether the key is good is not there."""


def server_findings(state: State) -> Iterator[Finding]:
    """Nothing where the repository is not connected. Asks the server whether the key is good, and for the project."""
    if not connection_path(state.root).exists():
        return
    try:
        connection = read_connection(state.root)
        if connection is not None:
            yield from _at(connection, state)
    except Error as error:
        yield Finding("server", error.message, error.hint or "contox-hooks connect")


def _at(connection: Connection, state: State) -> Iterator[Finding]:
    name = connection.project_name or connection.project_id
    if connection.paused:
        yield note("server", f"delivery to {name} is paused", "contox-hooks resume")
        return
    try:
        _ask(connection)
    except Error as error:
        yield Finding("server", f"{name}: {error.message}", error.hint or "contox-hooks connect")
    if not state.database.exists():
        return
    with CaptureStore.open(state.database) as store:
        outbox = Outbox(store, connection)
        quarantined, held = outbox.waiting().quarantined, outbox.held_count()
    if quarantined:
        refused = "1 capture" if quarantined == 1 else f"{quarantined} captures"
        yield Finding("server", f"{name} refuses {refused}: kept here", "contox-hooks outbox list")
    if held:
        text = f"{held} events may be on the server or not: the capture database was built anew"
        yield Finding("server", text, "contox-hooks connect --backlog deliver")


def _ask(connection: Connection) -> None:
    from contox_hooks.link import Link

    with Link(connection) as link:
        link.http.total_s = ANSWER_S
        link.api.check_key()
        link.api.project(connection.project_id)
