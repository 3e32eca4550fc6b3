"""`contox-hooks retry [SESSION]`: go on with a pipeline from the stage that failed, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import NotFound

app = typer.Typer(add_completion=False)


@app.command()
def command(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="First characters of its id.")] = None,
    json: Json = False,
) -> None:
    """Run a failed stage again, and those behind it; without an id the one that failed last.

    JSON: runs [{id, session_id, status, line, jobs (as `jobs` lists them)}].
    """
    from contox_hooks.cli.foreground import run_through
    from contox_hooks.cli.pick import looked

    here = looked(told=not json)
    service, project_id = here.parts.service, here.parts.project.id
    if session is not None:
        session_id = service.sessions.find(project_id, session).id
    else:
        failed = service.jobs.failed(project_id)
        if not failed:
            raise NotFound("nothing failed", hint="contox-hooks status")
        session_id = failed[0].session_id
    service.jobs.retry(session_id)
    run_through(here.parts, [session_id], json=json)
