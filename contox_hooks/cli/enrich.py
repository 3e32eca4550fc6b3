"""`contox-hooks enrich [SESSION|--all]`: turn commits into memory now, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import UsageError

app = typer.Typer(add_completion=False)


@app.command()
def command(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="First characters of its id.")] = None,
    all_sessions: Annotated[bool, typer.Option("--all", help="Every session with commits not in memory yet.")] = False,
    json: Json = False,
) -> None:
    """Run the pipeline now, also when auto-learn is off; without an id for the active session, else the newest.

    JSON: runs [{id, session_id, status, line, jobs (as `jobs` lists them)}]; none when everything is in memory already.
    """
    from contox_hooks.cli.foreground import run_through
    from contox_hooks.cli.pick import looked, session_named
    from contox_hooks.cli.render import emit_json, say

    if session is not None and all_sessions:
        raise UsageError("a session or --all, not both", hint="contox-hooks enrich --all")
    here = looked(told=not json)
    service, project_id = here.parts.service, here.parts.project.id
    if all_sessions:
        here.parts.drain().ask_for_runs()  # what auto-learn left
        wanted = service.jobs.unprocessed_sessions(project_id)
    else:
        wanted = [session_named(here, session).id]
    queued = {run.session_id for run in service.jobs.pending(project_id=project_id)}
    service.jobs.request(wanted, trigger="manual")
    queued |= {run.session_id for run in service.jobs.pending(project_id=project_id)}
    due = [session_id for session_id in wanted if session_id in queued]
    if due:
        run_through(here.parts, due, json=json)
    elif json:
        emit_json({"runs": []})
    else:
        say("nothing to do: every commit is in memory")
