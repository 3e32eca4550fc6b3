"""`contox-hooks worker`: run pipelines of a team's server, until told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Database, Json
from contox_hooks.domain.error import SettingError, UsageError

app = typer.Typer(add_completion=False)


@app.command()
def command(
    database: Database = None,
    concurrency: Annotated[
        int,
        typer.Option(
            envvar="CONTOX_WORKER_CONCURRENCY",
            min=1,
            max=32,
            help="Projects at once in this process; for more processors start more workers.",
        ),
    ] = 1,
    json: Json = False,
) -> None:
    """As many as you like, on as many machines as you like: one run a project at a time. Ctrl-C or SIGTERM ends it
    after the stage that it is in; what is left, others take up. On SQLite none is needed: `serve` sees to it.

    JSON: database, concurrency; one line, when it is ready.
    """
    import logging
    import sys

    from contox_hooks.cli.render import emit_json_line, say
    from contox_hooks.place import database as named
    from contox_hooks.work import tools_from

    where = named(database)
    if not isinstance(where, str):
        raise UsageError(
            "workers are for PostgreSQL; on SQLite `contox-hooks serve` runs pipelines itself",
            hint="contox-hooks worker --database postgresql://…",
        )
    try:
        from contox_hooks.team.worker import Worker
    except ImportError as error:
        raise SettingError(f"workers need {error.name}", hint="pip install 'contox-hooks[team]'") from error
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("contox_hooks").setLevel(logging.INFO)

    def ready(name: str) -> None:
        if json:
            emit_json_line({"database": name, "concurrency": concurrency})
        else:
            say(f"working on {name}; Ctrl-C ends it")

    Worker(where, lambda readers: tools_from(readers, where), concurrency).run(ready)
