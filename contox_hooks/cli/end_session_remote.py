"""The server's half of `end-session`: what waits is sent, our active session closed, the new one opened.

Invariant: each step that fails says what holds now; repeated, the verb goes on from there and opens no second session.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contox_hooks.cli.end_session_note import keep_ended
from contox_hooks.cli.render import clean, is_tty, plural, warn
from contox_hooks.domain.error import AccessRefused, Error, NotFound, RemoteError
from contox_hooks.link import Link, link_of
from contox_hooks.send import FlushReport, flush

if TYPE_CHECKING:
    from contox_hooks.wire.session import RemoteSession

_AGAIN = "contox-hooks end-session does the rest"


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


def end_remote(common_dir: Path, *, open_new: bool, stands_here: bool, timeout_s: float, told: bool) -> RemoteEnd:
    """`stands_here`: a session was closed or opened here, now or before; `told`: progress on stderr. Raises RemoteError
    and AccessRefused, which say what holds."""
    here = "closed here" if stands_here else "nothing to close here"
    with _saying(f"{here}; the server's session stays open"):
        report = _flushed(common_dir, timeout_s) if told else flush(common_dir, timeout_s=timeout_s)
        if report.waiting:
            waiting = plural(report.waiting, "event")
            raise RemoteError(f"{waiting} did not get there: {clean(report.reason)}", hint="contox-hooks status")
    state_root = common_dir / "contox"
    with link_of(state_root) as link:
        return _ended(link, state_root, here, open_new=open_new, stands_here=stands_here, refused=report.quarantined)


def _ended(
    link: Link, state_root: Path, here: str, *, open_new: bool, stands_here: bool, refused: int
) -> RemoteEnd:  # fmt: skip
    source = link.connection.source
    with _saying(f"{here}; the server's session stays as it is"):
        active = link.api.active_session(source)
    if active is not None and not active.events and open_new:
        return RemoteEnd(None, active.id, 0, is_repeat=True, quarantined=refused)
    if active is None and not (open_new and stands_here):
        return RemoteEnd(None, None, 0, is_repeat=True, quarantined=refused)
    if active is not None:
        _close(link, state_root, active, here)
    new_id = None
    if open_new:
        closed = "closed on the server" if active is not None else "no session is open on the server"
        with _saying(f"{here}; {closed}, but no new session opened there", hint="the next commit opens one"):
            new_id = link.api.open_session(source)
    if active is None:
        return RemoteEnd(None, new_id, 0, is_repeat=False, quarantined=refused)
    return RemoteEnd(active.id, new_id, active.events, is_repeat=False, quarantined=refused)


def _close(link: Link, state_root: Path, active: RemoteSession, here: str) -> None:
    keep_ended(state_root, active.id)
    with _saying(f"{here}; the server did not confirm that session {clean(active.id)} is closed"):
        try:
            link.api.close_session(active.id)
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


def _flushed(common_dir: Path, timeout_s: float) -> FlushReport:
    told: list[int] = []

    def tell(waiting: int) -> None:
        if waiting and is_tty(sys.stderr):
            sys.stderr.write(f"\r\x1b[2KSending: {plural(waiting, 'event')} left")
            sys.stderr.flush()
        elif waiting and not told:
            warn(f"Sending: {plural(waiting, 'event')} left")
        told.append(waiting)

    try:
        return flush(common_dir, timeout_s=timeout_s, on_progress=tell)
    finally:
        if any(told) and is_tty(sys.stderr):
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
