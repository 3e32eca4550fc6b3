"""`contox-hooks end-session`: what is pending goes in first, then the session is closed and a new one begins.

First here, then on the server of a connected repository (end_session_remote.py). Repeated, it does what is left to do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import Busy, Error, NotFound

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.cli.end_session_remote import RemoteEnd
    from contox_hooks.connection import Connection

app = typer.Typer(add_completion=False)

_WAIT_S = 10.0
"""For another drain to end: its commits belong to the session that is about to close."""
FLUSH_S = 30.0


class LocalEnd(NamedTuple):
    """What stands here afterwards. None and None: nothing was active."""

    closed_id: str | None
    new_id: str | None
    events: int
    """In the closed session."""
    is_repeat: bool
    """Nothing was done: it had been closed before, or is as new as it could be."""


@app.command()
def command(
    no_new: Annotated[bool, typer.Option("--no-new", help="Leave it to the next commit to open a session.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Only here, not on the server.")] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="For what waits to reach the server.")
    ] = FLUSH_S,
    json: Json = False,
) -> None:
    """Close the active session and start a new one; in a connected repository also the server's.

    What waits for the server is sent first; if that fails, its session stays open. Repeated, it does what is left.

    JSON: closed_id, new_id (null with --no-new), events (in the closed session), already_closed (nothing was done: the
    session had been closed before, or is as new as it could be), remote (null: only this machine): closed_id, new_id,
    events, already_closed, quarantined (captures that the server refuses).
    """
    from contox_hooks.cli.context import opened
    from contox_hooks.cli.render import emit_json
    from contox_hooks.segment import refresh_segment

    here = opened(drain=False)
    _flush(here, told=not json)
    ended = _end_here(here, open_new=not no_new)
    refresh_segment(here.parts)
    remote = None if local else _end_there(here, ended, open_new=not no_new, timeout_s=timeout_s, told=not json)
    nothing_here = ended.closed_id is None and ended.new_id is None
    if nothing_here and (remote is None or (remote.closed_id is None and remote.new_id is None)):
        raise NotFound("no session is active: nothing to end", hint="the next commit opens one")
    is_repeat = (ended.is_repeat or nothing_here) and (remote is None or remote.is_repeat)
    if json:
        emit_json({
            "closed_id": ended.closed_id, "new_id": ended.new_id, "events": ended.events, "already_closed": is_repeat,
            "remote": None if remote is None else remote.to_object(),
        })  # fmt: skip
    else:
        _tell(ended, remote, is_repeat=is_repeat)


def _tell(ended: LocalEnd, remote: RemoteEnd | None, *, is_repeat: bool) -> None:
    from contox_hooks.cli.render import plural, say, warn

    has_new = ended.new_id is not None or (remote is not None and remote.new_id is not None)
    if is_repeat:
        say("The session is new already: nothing happened in it yet." if has_new else "Session already closed.")
    elif has_new:
        say("Session closed — new session started.")
    else:
        say("Session closed. The next commit starts a new session.")
    if remote is not None and remote.quarantined:
        refused = plural(remote.quarantined, "capture")
        warn(f"contox-hooks: the server refuses {refused}: contox-hooks outbox list")


def _end_here(here: Here, *, open_new: bool) -> LocalEnd:
    from contox_hooks.domain.event import SOURCE_HOOKS

    sessions, project_id = here.parts.service.sessions, here.parts.project.id
    active = sessions.active(project_id, SOURCE_HOOKS)
    if active is not None and not active.event_count and open_new:
        return LocalEnd(None, active.id, 0, is_repeat=True)
    ended = here.parts.backend.end_session(at_utc=int(time.time()), open_new=open_new)
    if ended is not None:
        return LocalEnd(ended.closed_id, ended.new_id, ended.events, is_repeat=False)
    last = next(iter(sessions.page(project_id, limit=1, source=SOURCE_HOOKS)), None)
    if open_new or last is None or last.end_reason == "window":
        return LocalEnd(None, None, 0, is_repeat=False)
    return LocalEnd(last.id, None, last.event_count, is_repeat=True)


def _end_there(here: Here, ended: LocalEnd, *, open_new: bool, timeout_s: float, told: bool) -> RemoteEnd | None:
    """None where there is no server, or the user paused it."""
    connection = here.parts.connection
    if connection is None:
        return None
    if connection.paused:
        if told:
            from contox_hooks.cli.render import warn

            warn("contox-hooks: disconnected: the server's session stays as it is (contox-hooks resume)")
        return None
    from contox_hooks.cli.end_session_remote import end_remote

    stands_here = ended.closed_id is not None or ended.new_id is not None
    try:
        return end_remote(
            here.parts.repo.common_dir, open_new=open_new, stands_here=stands_here, over=_over(here, connection),
            timeout_s=timeout_s, told=told,
        )  # fmt: skip
    finally:
        here.parts.start_sender()  # what waits goes on without us; what came meanwhile goes into the new session


def _over(here: Here, connection: Connection) -> frozenset[str] | None:
    """The sessions here, with something left to send, that the next commit does not go into. None: all of them, because
    the memory store has not said yet which events are in which."""
    from contox_hooks.capture.outbox import Outbox
    from contox_hooks.capture.store import CaptureStore
    from contox_hooks.domain.event import SOURCE_HOOKS

    with CaptureStore.open(here.parts.state.database) as store:
        outbox = Outbox(store, connection)
        outbox.bind_again()
        waiting = None if outbox.unplaced_count() else outbox.waiting_sessions()
    active = here.parts.service.sessions.active(here.parts.project.id, SOURCE_HOOKS)
    return None if waiting is None else frozenset(waiting) - {active.id if active is not None else ""}


def _flush(here: Here, *, told: bool) -> None:
    """Raises Busy: what another drain holds belongs to the session, which cannot be closed without it."""
    from contox_hooks import work
    from contox_hooks.cli.render import clean, warn

    try:
        done = here.parts.drain().run(wait_s=_WAIT_S, reconcile=True)
        work.start_behind(here.parts, done)
        why = "" if done is None else done.undelivered
    except Error as error:
        done, why = None, error.message
    if why and told:
        warn(f"contox-hooks: not everything is flushed: {clean(why)} (contox-hooks status)")
    if done is None and not why:
        raise Busy("another drain is at work: the session stays open", hint="contox-hooks doctor, if that lasts")
