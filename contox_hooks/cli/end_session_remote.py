"""The server's half of `end-session`: what waits is sent, our active session closed, the new one opened.

Invariant: each step that fails says what holds now; repeated, the verb goes on from there and opens no second session.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from contox_hooks.capture.state import State
from contox_hooks.cli.end_session_note import keep_ended
from contox_hooks.cli.render import clean, is_tty, plural, warn
from contox_hooks.domain.error import AccessRefused, Error, NotFound, RemoteError
from contox_hooks.link import Link, link_of
from contox_hooks.lock import FileLock
from contox_hooks.send import FlushReport, flush, lock_path

if TYPE_CHECKING:
    from contox_hooks.backend.remote.api import Api
    from contox_hooks.wire.session import RemoteSession

T = TypeVar("T")

_AGAIN = "contox-hooks end-session does the rest"
_POLL_S = 0.1
_TOLD_FROM_S = 3.0


class RemoteEnd(NamedTuple):
    """What stands on the server afterwards. None and None: nothing was active."""

    closed_id: str | None
    new_id: str | None
    events: int
    """In the closed session, as the server counts."""
    is_repeat: bool
    quarantined: int
    """Captures that the server refuses."""

    def to_object(self) -> dict[str, Any]:
        return {
            "closed_id": self.closed_id, "new_id": self.new_id, "events": self.events,
            "already_closed": self.is_repeat, "quarantined": self.quarantined,
        }  # fmt: skip


def end_remote(
    common_dir: Path, *, open_new: bool, stands_here: bool, over: Collection[str] | None, timeout_s: float, told: bool
) -> RemoteEnd:
    """`stands_here`: a session was closed or opened here, now or before; `over`: the sessions here whose events belong
    to the server's session, None for all; `told`: progress on stderr. Raises RemoteError and AccessRefused, which say
    what holds."""
    until = time.monotonic() + timeout_s
    here = "closed here" if stands_here else "nothing to close here"
    with _saying(f"{here}; the server's session stays open"):
        report = _flushed(common_dir, timeout_s, over, told=told)
        if report.waiting:
            waiting = plural(report.waiting, "event")
            raise RemoteError(f"{waiting} did not get there: {clean(report.reason)}", hint="contox-hooks status")
    state_root = common_dir / "contox"
    with link_of(state_root) as link, FileLock(lock_path(State(state_root))) as lock:
        with _saying(f"{here}; the server's session stays as it is"):
            _take(lock, until)
        server = _Server(link, until, told=told)
        return _ended(server, state_root, here, open_new=open_new, stands_here=stands_here, refused=report.quarantined)


def _take(lock: FileLock, until: float) -> None:
    """Nobody else sends, so that nothing of the new session goes into the old one, or ends it at the same time."""
    while not lock.take():
        if time.monotonic() >= until:
            raise RemoteError("another process is at it", hint=_AGAIN)
        time.sleep(_POLL_S)


class _Server:
    """The API within the verb's time. Waiting for a turn is no failure while there is time for it."""

    def __init__(self, link: Link, until: float, *, told: bool) -> None:
        self._link = link
        self._until = until
        self._told = told
        self.source = link.connection.source

    def ask(self, step: Callable[[Api], T]) -> T:
        """Raises what Api raises."""
        while True:
            self._link.http.total_s = max(1.0, self._left_s())
            try:
                return step(self._link.api)
            except RemoteError as error:
                wait_s = getattr(error, "wait_s", None)
                if wait_s is None or wait_s > self._left_s():
                    raise
            if self._told and wait_s >= _TOLD_FROM_S:
                warn(f"The server takes no request for {wait_s:.0f} s: waiting")
            time.sleep(wait_s)

    def _left_s(self) -> float:
        return self._until - time.monotonic()


def _ended(
    server: _Server, state_root: Path, here: str, *, open_new: bool, stands_here: bool, refused: int
) -> RemoteEnd:
    with _saying(f"{here}; the server's session stays as it is"):
        active = server.ask(lambda api: api.active_session(server.source))
    if active is not None and not active.events and open_new:
        return RemoteEnd(None, active.id, 0, is_repeat=True, quarantined=refused)
    if active is None and not (open_new and stands_here):
        return RemoteEnd(None, None, 0, is_repeat=True, quarantined=refused)
    if active is not None:
        _close(server, state_root, active, here)
    new_id = None
    if open_new:
        closed = "closed on the server" if active is not None else "no session is open on the server"
        with _saying(f"{here}; {closed}, but no new session opened there", hint="the next commit opens one"):
            new_id = server.ask(lambda api: api.open_session(server.source))
    if active is None:
        return RemoteEnd(None, new_id, 0, is_repeat=False, quarantined=refused)
    return RemoteEnd(active.id, new_id, active.events, is_repeat=False, quarantined=refused)


def _close(server: _Server, state_root: Path, active: RemoteSession, here: str) -> None:
    keep_ended(state_root, active.id)
    with _saying(f"{here}; the server did not confirm that session {clean(active.id)} is closed"):
        try:
            server.ask(lambda api: api.close_session(active.id))
        except NotFound:
            pass  # deleted meanwhile


@contextmanager
def _saying(holds: str, *, hint: str = "") -> Iterator[None]:
    """An error on the way begins with what holds, and ends with what to do."""
    try:
        yield
    except (RemoteError, NotFound) as error:
        raise RemoteError(f"{holds}: {error.message}", hint=hint or _AGAIN) from error
    except Error as error:
        kind = type(error) if isinstance(error, AccessRefused) else RemoteError
        raise kind(f"{holds}: {error.message}", hint=error.hint or _AGAIN) from error


def _flushed(common_dir: Path, timeout_s: float, over: Collection[str] | None, *, told: bool) -> FlushReport:
    if not told:
        return flush(common_dir, timeout_s=timeout_s, sessions=over)
    lines: list[int] = []

    def tell(waiting: int) -> None:
        if waiting and is_tty(sys.stderr):
            sys.stderr.write(f"\r\x1b[2KSending: {plural(waiting, 'event')} left")
            sys.stderr.flush()
        elif waiting and not lines:
            warn(f"Sending: {plural(waiting, 'event')} left")
        lines.append(waiting)

    try:
        return flush(common_dir, timeout_s=timeout_s, on_progress=tell, sessions=over)
    finally:
        if any(lines) and is_tty(sys.stderr):
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
