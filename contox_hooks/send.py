"""What a drain starts when events wait for a server: `python -E -P -m contox_hooks.send <common git dir>`, detached.

One at a time in a repository, by an OS lock. Delivers what waits, stays for short waits, ends; `flush` is the same in
the foreground. Problems go to the private log and `status`; what needs the user is told once on the desktop.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.capture.courier import PATIENCE_S, Carried, Courier, is_due
from contox_hooks.capture.outbox import Outbox, Parcel
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection, read_connection
from contox_hooks.domain.error import Error
from contox_hooks.lock import FileLock

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.domain.delivery import Answer
    from contox_hooks.link import Link

AUTO_LEARN_S = 600.0
"""So long the project's auto-learn setting, as the server told it, is believed."""

_POLL_S = 0.1


class FlushReport(NamedTuple):
    waiting: int
    """Events that did not get there."""
    quarantined: int
    """Captures that the server refuses: `contox-hooks outbox list`."""
    reason: str
    """Why they wait, one line; empty when nothing does."""


def wants_sender(state: State, now: float | None = None) -> bool:
    """Whether something waits for a server that could go now, and nobody is at it. Cheap without a connection."""
    connection = read_connection(state.root)
    if connection is None or connection.paused or is_sending(state):
        return False
    with CaptureStore.open(state.database) as store:
        outbox = Outbox(store, connection)
        outbox.bind_again()
        return is_due(outbox, time.time() if now is None else now)


def is_sending(state: State) -> bool:
    try:
        with FileLock(_lock_path(state)) as lock:
            return not lock.take()
    except OSError:
        return False


def _lock_path(state: State) -> Path:
    return state.root / "send.lock"


def run(parts: Assembly) -> None:
    """Deliver, until nothing that could go now waits."""
    state = parts.state
    while wants_sender(state):  # also behind the lock: what came while it was given up
        with FileLock(_lock_path(state)) as lock:
            if not lock.take():
                return
            connection = read_connection(state.root)
            if connection is None or connection.paused:
                return
            with CaptureStore.open(state.database) as store:
                outbox = Outbox(store, connection)
                _carry(parts, outbox, connection)
                _tell_once(outbox, connection)


def flush(common_dir: Path, *, timeout_s: float, on_progress: Callable[[int], None] = lambda _: None) -> FlushReport:
    """Everything that waits, now, whatever the backoff; `on_progress` is told how many events are left. Nothing waits:
    an empty report. Raises NotConnected, StoreError; what the network or the server does stands in the report."""
    from contox_hooks.assembly import Assembly
    from contox_hooks.domain.error import NotConnected
    from contox_hooks.git.repository import from_git_dir

    parts = Assembly(from_git_dir(common_dir))
    connection = read_connection(parts.state.root)
    if connection is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    until = time.time() + timeout_s
    with CaptureStore.open(parts.state.database) as store:
        outbox = Outbox(store, connection)
        outbox.bind_again()
        on_progress(outbox.waiting_count())
        with FileLock(_lock_path(parts.state)) as lock:
            while not lock.take():  # another sender is at it: it may do all the work
                left = outbox.waiting_count()
                on_progress(left)
                if not left or time.time() >= until:
                    return _report(outbox)
                time.sleep(_POLL_S)
            if outbox.waiting_count():
                _hurry(outbox)
                _carry(parts, outbox, connection, until=until, on_progress=on_progress)
        return _report(outbox)


def _hurry(outbox: Outbox) -> None:
    """What a person asks for is tried at once, whatever the last failures were."""
    now = time.time()
    outbox.keep_circuit(outbox.circuit()._replace(rests_until=0.0))
    waiting = [parcel.id for parcel in outbox.parcels("waiting", limit=100_000)]
    if waiting:
        outbox.retry(waiting, now=now)


def _report(outbox: Outbox) -> FlushReport:
    left = outbox.waiting()
    reason = (left.circuit.reason or left.last_error or "there was no time left") if left.events else ""
    return FlushReport(left.events, left.quarantined, reason)


def _carry(
    parts: Assembly,
    outbox: Outbox,
    connection: Connection,
    *,
    until: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Carried:
    from contox_hooks.link import Link

    with Link(connection) as link:
        courier = Courier(
            outbox,
            lambda parcel: _sent(link, parcel),
            skip_enrichment=lambda: not _auto_learns(parts, outbox, link),
            may_go_on=lambda: read_connection(parts.state.root) == connection,  # else paused, or another's
            on_progress=lambda _: on_progress(outbox.waiting_count()),
        )
        done = courier.run(patience_s=PATIENCE_S if until is None else float("inf"), until=until)
    for session_id in done.closed_sessions:
        _close_here(parts, session_id)
    return done


def _sent(link: Link, parcel: Parcel) -> Answer:
    """What came of one try. A missing or unreadable key is the server's refusal in advance."""
    from contox_hooks.domain.delivery import Answer

    try:
        uplink = link.uplink
    except Error as error:
        return Answer(401, error.message)
    return uplink.send(
        parcel.text, source=parcel.source, content_hash=parcel.hash, skip_enrichment=parcel.skip_enrichment
    )


def _auto_learns(parts: Assembly, outbox: Outbox, link: Link) -> bool:
    """The project's setting where the server tells it, and this machine's: either can say no."""
    return _served_auto_learn(outbox, link) is not False and parts.settings.auto_learn


def _served_auto_learn(outbox: Outbox, link: Link) -> bool | None:
    """None where the server does not say. Asked every ten minutes while the server answers at all."""
    now = time.time()
    try:
        value, asked_at = json.loads(outbox.note("auto_learn") or "[null, 0]")
    except ValueError:
        value, asked_at = None, 0
    if now - asked_at < AUTO_LEARN_S or outbox.circuit().failures:
        return None if value is None else bool(value)
    try:
        value = link.api.auto_learn()
    except Error:
        return None if value is None else bool(value)
    outbox.keep_note("auto_learn", json.dumps([value, int(now)]))
    return value


def _close_here(parts: Assembly, session_id: str) -> None:
    """The server had closed the session: the one here ends too, so that both count the next commits alike."""
    try:
        parts.service.sessions.close(session_id, reason="external")
    except Error as error:
        parts.state.write_log(f"session {session_id} stays open here: {error.message}")


def _tell_once(outbox: Outbox, connection: Connection) -> None:
    circuit = outbox.circuit()
    if not circuit.needs_user or circuit.is_told:
        return
    from contox_hooks.notify import notify

    outbox.keep_circuit(circuit._replace(is_told=True))
    name = connection.project_name or connection.project_id
    notify(
        "contox-hooks",
        f"{name}: the server refuses ({circuit.reason}). Commits wait here: contox-hooks status",
        wait_s=5.0,
    )


def main(arguments: list[str]) -> None:
    from contox_hooks.wake import leave_the_terminal

    leave_the_terminal()
    if not arguments:
        return
    from contox_hooks.assembly import Assembly
    from contox_hooks.git.repository import from_git_dir

    common = Path(arguments[0]).absolute()
    state = State(common / "contox")
    try:
        run(Assembly(from_git_dir(common)))
    except Exception as error:
        if isinstance(error, Error):
            state.write_log(f"sender: {error.message}")
        else:
            import traceback

            # Frames only: an exception's text may hold what was being sent.
            frames = "".join(traceback.format_tb(error.__traceback__))
            state.write_log(f"sender failed: {type(error).__name__}\n{frames}")


if __name__ == "__main__":
    main(sys.argv[1:])
