"""`contox-hooks events [SESSION]`: what happened in a session, in the order of time."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json, Limit

app = typer.Typer(add_completion=False)


@app.command()
def command(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="First characters of its id.")] = None,
    limit: Limit = 1000,
    json: Json = False,
) -> None:
    """List the events of a session; without an id of the active one, else the newest.

    JSON: session_id; total; events [{id, key, type, source, at, received_at, what, superseded_by, in_memory, payload}].
    `what` is the line that people read; `superseded_by` is the commit that replaced this one ("" when it was dropped).
    """
    from contox_hooks.cli.happening import what_happened
    from contox_hooks.cli.pick import looked, session_named
    from contox_hooks.cli.render import emit_json, moment, say, table

    here = looked(told=not json)
    found = session_named(here, session)
    events = here.parts.service.sessions.events(found.id, limit=limit)
    if json:
        listed = [
            {
                "id": stored.id, "key": stored.event.key, "type": stored.event.type, "source": stored.event.source,
                "at": stored.event.at_utc, "received_at": stored.received_at, "what": what_happened(stored.event),
                "superseded_by": stored.superseded_by, "in_memory": stored.processed_run is not None,
                "payload": stored.event.payload,
            }
            for stored in events
        ]  # fmt: skip
        emit_json({"session_id": found.id, "total": found.event_count, "events": listed})
        return
    if not events:
        say("no events in this session yet")
        return
    table(
        ("time", "type", "what"),
        [
            (
                moment(stored.event.at_utc),
                stored.event.type,
                what_happened(stored.event) + ("" if stored.superseded_by is None else " – replaced since"),
            )
            for stored in events
        ],
    )
    if found.event_count > len(events):
        say(f"… and {found.event_count - len(events):,} more: --limit {found.event_count}")
