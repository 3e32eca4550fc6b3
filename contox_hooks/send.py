"""What a drain starts when events wait for a server: `python -E -P -m contox_hooks.send <common git dir>`, detached.

One at a time in a repository, by an OS lock. Delivers what waits, stays for short waits, ends; `flush` is the same in
the foreground. Problems go to the private log and `status`; what needs the user is told once on the desktop.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
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

ASK_S = 5.0
"""For a setting that is only good to know."""
REQUEST_S = 60.0
"""The longest that one request may take."""

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
        with FileLock(lock_path(state)) as lock:
            return not lock.take()
    except OSError:
        return False


def lock_path(state: State) -> Path:
    return state.root / "send.lock"


def run(parts: Assembly) -> None:
    """Deliver, until nothing that could go now waits."""
    state = parts.state
    while wants_sender(state):  # also behind the lock: what came while it was given up
        with FileLock(lock_path(state)) as lock:
            if not lock.take():
                return
            connection = read_connection(state.root)
            if connection is None or connection.paused:
                return
            with CaptureStore.open(state.database) as store:
                outbox = Outbox(store, connection)
                _carry(parts, outbox, connection)
                _tell_once(outbox, connection)


def flush(
    common_dir: Path,
    *,
    timeout_s: float,
    on_progress: Callable[[int], None] = lambda _: None,
    sessions: Collection[str] | None = None,
) -> FlushReport:
    """Everything that waits, or what waits in these sessions, now, whatever the backoff; `on_progress` is told how many
    events are left. Nothing waits: an empty report. Raises NotConnected, StoreError; what the network or the server
    does stands in the report."""
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
        outbox.only = None if sessions is None else frozenset(sessions)
        on_progress(outbox.waiting_count())
        with FileLock(lock_path(parts.state)) as lock:
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
    outbox.keep_circuit(outbox.circuit()._replace(rests_until=0.0))
    outbox.hurry()


def _report(outbox: Outbox) -> FlushReport:
    left = outbox.waiting()
    reason = ""
    if left.events:
        unplaced = "the memory store of this machine has not taken them yet" if outbox.unplaced_count() else ""
        reason = left.circuit.reason or left.last_error or unplaced or "there was no time left"
    return FlushReport(left.events, left.quarantined, reason)


def _carry(
    parts: Assembly,
    outbox: Outbox,
    connection: Connection,
    *,
    until: float | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Carried:
    with _Way(connection, until) as way:
        courier = Courier(
            outbox,
            way.sent,
            skip_enrichment=lambda: not _auto_learns(parts, outbox, way),
            may_go_on=lambda: read_connection(parts.state.root) == connection,  # else paused, or another's
            # Counted only for someone who looks: the background sender has 50,000 events to count after weeks offline.
            on_progress=lambda _: on_progress(outbox.waiting_count()) if on_progress is not None else None,
        )
        done = courier.run(patience_s=PATIENCE_S if until is None else float("inf"), until=until)
    for session_id in done.closed_sessions:
        _close_here(parts, session_id)
    return done


class _Way:
    """The link to the server, made anew when a person gave another key meanwhile."""

    def __init__(self, connection: Connection, until: float | None) -> None:
        self._connection = connection
        self._until = until
        self._link: Link | None = None

    def __enter__(self) -> _Way:
        return self

    def __exit__(self, *_: object) -> None:
        if self._link is not None:
            self._link.close()

    def link(self) -> Link:
        """Its requests end when the time is over. Raises Error."""
        from contox_hooks.link import Link

        if self._link is None:
            self._link = Link(self._connection)
        if self._until is not None:
            self._link.http.total_s = max(0.1, min(REQUEST_S, self._until - time.time()))
        return self._link

    def sent(self, parcel: Parcel) -> Answer:
        """What came of one try, or of a second one where the key was changed since the first."""
        answer = self._try(parcel)
        return self._try(parcel) if answer.status in (401, 403) and self._is_renewed() else answer

    def _try(self, parcel: Parcel) -> Answer:
        from contox_hooks.domain.delivery import Answer
        from contox_hooks.domain.error import AccessRefused

        try:
            uplink = self.link().uplink
        except AccessRefused as error:  # there is no key: the server's refusal in advance
            return Answer(401, error.message)
        except Error as error:  # a key that cannot be read, an address that is none
            return Answer(None, error.message)
        return uplink.send(
            parcel.text, source=parcel.source, content_hash=parcel.hash, skip_enrichment=parcel.skip_enrichment
        )

    def _is_renewed(self) -> bool:
        from contox_hooks.link import Link

        fresh = Link(self._connection)
        try:
            if self._link is not None and fresh.credentials.key == self._link.credentials.key:
                return False
        except Error:
            return False
        if self._link is not None:
            self._link.close()
        self._link = fresh
        return True


def _auto_learns(parts: Assembly, outbox: Outbox, way: _Way) -> bool:
    """The project's setting where the server tells it, and this machine's: either can say no."""
    now = time.time()
    served, asked_at = kept_auto_learn(outbox)
    if not 0 <= now - asked_at < AUTO_LEARN_S and not outbox.circuit().failures:
        try:
            served = way.link().api.auto_learn()
        except Error:
            pass  # what it said last counts, and it is not asked again at once
        keep_auto_learn(outbox, served)
    return served is not False and parts.settings.auto_learn


def ask_auto_learn(outbox: Outbox, connection: Connection) -> None:
    """Know the project's setting before the first event is frozen, which may be when there is no network."""
    from contox_hooks.link import Link

    with suppress(Error), Link(connection) as link:
        link.http.total_s = ASK_S
        keep_auto_learn(outbox, link.api.auto_learn())


def skips_enrichment(parts: Assembly, outbox: Outbox) -> bool:
    """What would be decided now, by what is known here."""
    return kept_auto_learn(outbox)[0] is False or not parts.settings.auto_learn


def kept_auto_learn(outbox: Outbox) -> tuple[bool | None, float]:
    """What the server said of the project's setting, None where it does not say, and when it was asked."""
    try:
        value, asked_at = json.loads(outbox.note("auto_learn") or "")
        return (None if value is None else bool(value)), float(asked_at)
    except (ValueError, TypeError):
        return None, 0.0


def keep_auto_learn(outbox: Outbox, value: bool | None) -> None:
    outbox.keep_note("auto_learn", json.dumps([value, int(time.time())]))


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
