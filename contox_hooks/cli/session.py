"""`contox-hooks session show ID`, `session end ID`: one session, looked at or closed as from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import UsageError

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.memory.session import Session

app = typer.Typer(add_completion=False)


@app.command()
def command(
    words: Annotated[list[str] | None, typer.Argument(metavar="[show|end] [ID]", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Show one session, or end it. ID: the first characters of its id; without it the active session, else the newest.

    `end` (or `close`) closes it as from elsewhere: whoever watches is told, and the next commit opens a new one.

    JSON of show: what `sessions` gives, and items [{id, type, title, status}], jobs [{stage, status, attempts,
    duration_ms, last_error, detail}]. JSON of end: session_id, already_closed.
    """
    from contox_hooks.cli.pick import looked, session_named

    verb, name = _asked(words or [])
    here = looked(told=not json)
    session = session_named(here, name)
    if verb == "show":
        _show(here, session, json)
    else:
        _end(here, session, json)


def _asked(words: list[str]) -> tuple[str, str | None]:
    verb = words[0] if words and words[0] in ("show", "end", "close") else None
    rest = words[1:] if verb else words
    if len(rest) > 1:
        raise UsageError(f"one session at a time, not {' '.join(rest)!r}", hint="contox-hooks session [show|end] ID")
    if verb in ("end", "close") and not rest:
        raise UsageError(
            "which session is to be ended?", hint="contox-hooks session end ID, or: contox-hooks end-session"
        )
    return verb or "show", rest[0] if rest else None


def _end(here: Here, session: Session, json: bool) -> None:
    from contox_hooks.cli.render import emit_json, say

    closed = here.parts.service.sessions.close(session.id)
    if json:
        emit_json({"session_id": session.id, "already_closed": not closed})
    elif closed:
        say(f"Session {session.id} closed. The next commit starts a new session.")
    else:
        say(f"Session {session.id} is already closed.")


def _show(here: Here, session: Session, json: bool) -> None:
    from contox_hooks.cli.jobs import job_object
    from contox_hooks.cli.pick import summary_text
    from contox_hooks.cli.render import ago, clean, emit_json, moment, plural, say, short_ids
    from contox_hooks.cli.sessions import session_object
    from contox_hooks.domain.event import source_label
    from contox_hooks.domain.pipeline import stage_line
    from contox_hooks.memory.session import ending, lifecycle

    service = here.parts.service
    jobs = service.jobs.of_session(session.id)
    state = lifecycle(session, jobs)
    items = service.items.page(session.project_id, session_id=session.id, status=None, limit=200)
    if json:
        listed = [{"id": item.id, "type": item.type, "title": item.title, "status": item.status} for item in items]
        emit_json({**session_object(session, state), "items": listed, "jobs": [job_object(job) for job in jobs]})
        return
    say(f"{session.id}  {state}  ({source_label(session.source)})")
    if session.summary:
        say(f"  {summary_text(session, limit=None)}")
    say(f"  started  {moment(session.started_at)} ({ago(session.started_at)})")
    if session.ended_at is not None:
        say(f"  ended    {moment(session.ended_at)} ({ending(session) or 'closed'})")
    say(f"  events   {session.event_count:,}: contox-hooks events {session.id}")
    if session.files:
        more = " and more" if session.files_cut or len(session.files) > 5 else ""
        say(f"  files    {plural(len(session.files), 'file')}: {clean(', '.join(session.files[:5]))}{more}")
    if jobs:
        say(f"  pipeline {stage_line(jobs)}")
    standing = [item for item in items if item.status in ("active", "review")]
    merged = f", {len(items) - len(standing)} more merged or put away" if len(standing) < len(items) else ""
    say(f"  memory   {plural(len(standing), 'item')}{merged}" if items else "  memory   nothing yet")
    ids = short_ids(item.id for item in standing)
    for item in standing[:20]:
        say(f"    {ids[item.id]}  {item.type:14}  {clean(item.title)}")
    if len(standing) > 20:
        say(f"    … and {len(standing) - 20} more: contox-hooks memory")
