"""`contox-hooks end-session`: what is pending goes in first, then the session is closed and a new one begins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import Busy, Error, NotFound

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here

app = typer.Typer(add_completion=False)

_WAIT_S = 10.0
"""For another drain to end: its commits belong to the session that is about to close."""


@app.command()
def command(
    no_new: Annotated[bool, typer.Option("--no-new", help="Leave it to the next commit to open a session.")] = False,
    json: Json = False,
) -> None:
    """Close the active session and start a new one.

    JSON: closed_id, new_id (null with --no-new), events (in the closed session), already_closed (nothing was done: the
    session had been closed before, or is as new as it could be).
    """
    from contox_hooks.cli.context import opened
    from contox_hooks.cli.render import emit_json, say
    from contox_hooks.domain.event import SOURCE_HOOKS

    here = opened(drain=False)
    _flush(here, told=not json)
    sessions, project_id = here.parts.service.sessions, here.parts.project.id
    active = sessions.active(project_id, SOURCE_HOOKS)
    if active is not None and not active.event_count and not no_new:
        if json:
            emit_json({"closed_id": None, "new_id": active.id, "events": 0, "already_closed": True})
        else:
            say("The session is new already: nothing happened in it yet.")
        return
    ended = here.parts.backend.end_session(at_utc=int(time.time()), open_new=not no_new)
    if ended is None:
        last = next(iter(sessions.page(project_id, limit=1, source=SOURCE_HOOKS)), None)
        if not no_new or last is None or last.end_reason == "window":
            raise NotFound("no session is active: nothing to end", hint="the next commit opens one")
        if json:
            emit_json({"closed_id": last.id, "new_id": None, "events": last.event_count, "already_closed": True})
        else:
            say("Session already closed.")
        return
    if json:
        emit_json({
            "closed_id": ended.closed_id, "new_id": ended.new_id, "events": ended.events, "already_closed": False,
        })  # fmt: skip
    elif ended.new_id is not None:
        say("Session closed — new session started.")
    else:
        say("Session closed. The next commit starts a new session.")


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
