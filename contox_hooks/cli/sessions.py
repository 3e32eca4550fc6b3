"""`contox-hooks sessions`: what was worked on, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from contox_hooks.cli.option import Json, Limit
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.session import Lifecycle, SessionStatus

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.session import Session

app = typer.Typer(add_completion=False)

_STORED = ("active", "closed", "compacted")
_STATES = tuple(dict.fromkeys((*_STORED, *get_args(Lifecycle))))


@app.command()
def command(
    limit: Limit = 20,
    source: Annotated[str | None, typer.Option(help="Only of this source: git-hooks, git-history, …")] = None,
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(_STATES)}.")] = None,
    json: Json = False,
) -> None:
    """List sessions, newest first.

    `active`, `closed` and `compacted` say whether a session is open; `completed`, `enriching`, `enriched` and `failed`
    what the pipeline made of it.

    JSON: sessions [{id, source, source_label, status, lifecycle, started_at, last_event_at, ended_at, end_reason,
    event_count, items_extracted, files, summary}]. Times are seconds since the epoch.
    """
    from contox_hooks.cli.pick import looked, summary_text
    from contox_hooks.cli.render import duration, emit_json, moment, say, short_ids, table
    from contox_hooks.domain.event import source_label

    if status is not None and status not in _STATES:
        raise UsageError(f"--status {status!r}: no such state", hint=f"one of {', '.join(_STATES)}")
    here = looked(told=not json)
    found = list(_found(here.parts.service, here.parts.project.id, limit, source, status))
    if json:
        emit_json({"sessions": [session_object(session, state) for session, state in found]})
        return
    if not found:
        say("no sessions" + (" like that" if source or status else " yet: the next commit opens one"))
        return
    ids = short_ids(session.id for session, _ in found)
    table(
        ("id", "state", "source", "events", "items", "started", "took", "summary"),
        [
            (
                ids[session.id], state, source_label(session.source), session.event_count,
                session.items_extracted, moment(session.started_at),
                duration((session.last_event_at - session.started_at) * 1000) if session.event_count else "",
                summary_text(session),
            )
            for session, state in found
        ],
    )  # fmt: skip


def _found(
    service: Service, project_id: str, limit: int, source: str | None, status: str | None
) -> Iterator[tuple[Session, Lifecycle]]:
    """Sessions with their lifecycle. One that only the pipeline tells is looked for page by page."""
    from contox_hooks.memory.session import lifecycle

    stored = cast("SessionStatus | None", status if status in _STORED else None)
    size, before, left = max(limit, 50), None, limit
    while True:
        page = service.sessions.page(project_id, limit=size, source=source, status=stored, before=before)
        for session in page:
            state = lifecycle(session, service.jobs.of_session(session.id))
            if status is not None and stored is None and state != status:
                continue
            yield session, state
            left -= 1
            if not left:
                return
        if len(page) < size:
            return
        before = page[-1]


def session_object(session: Session, state: Lifecycle) -> dict[str, Any]:
    from contox_hooks.domain.event import source_label

    return {
        "id": session.id,
        "source": session.source,
        "source_label": source_label(session.source),
        "status": session.status,
        "lifecycle": state,
        "started_at": session.started_at,
        "last_event_at": session.last_event_at,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
        "event_count": session.event_count,
        "items_extracted": session.items_extracted,
        "files": list(session.files),
        "summary": session.summary,
    }
