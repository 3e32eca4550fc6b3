"""`contox-hooks export`: a project's memory as a file, for another memory, for people, or for other tools."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from contox_hooks.cli.option import Database, Json
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import ITEM_STATUSES

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service

app = typer.Typer(add_completion=False)

Format = Literal["jsonl", "markdown", "agent-trace"]

Of = Annotated[str | None, typer.Option("--project", help="Name, or the first characters of its id.")]


@app.command()
def command(
    format: Annotated[Format, typer.Option("--format", help="jsonl loses nothing and can be imported.")] = "jsonl",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of stdout.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help=f"Of markdown: one of {', '.join(ITEM_STATUSES)}; else every item.")
    ] = None,
    project: Of = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Write a project's memory, redacted as it is stored, without keys and without what names this machine.

    jsonl: all of it (sessions, events, items with evidence, relations, what people decided, jobs, contexts), the same
    bytes for the same memory; contox-hooks import reads it. markdown: the items, for people. agent-trace: one JSON
    record a commit (agent-trace.dev, 0.1.0), with lines and AI tools as far as the commits say.

    JSON: with -o, file, format, lines (jsonl and agent-trace: of the file; markdown: items), bytes, sha256.
    """
    from contox_hooks.cli.memory import chosen
    from contox_hooks.cli.render import clean, emit_json, plural, say
    from contox_hooks.exchange.file import write
    from contox_hooks.place import config_dir, data_dir

    if status is not None and format != "markdown":
        raise UsageError("--status is of --format markdown alone", hint="the other formats hold everything")
    chosen(status, ITEM_STATUSES, "status")
    with exchanged(project, database, told=not json) as (service, project_id):
        if json and output is None:
            raise UsageError("--json tells of a file that was written", hint="contox-hooks export --json -o FILE")
        with closing(_pieces(service, project_id, format, status)) as pieces:
            done = write(pieces, output, never=() if output is None else (data_dir(), config_dir()))
    if json:
        told = {"file": str(output), "format": format, "lines": done.pieces, "bytes": done.size_bytes}
        emit_json(told | {"sha256": done.sha256})
    elif output is not None:
        say(f"{clean(str(output))}: {plural(done.size_bytes, 'byte')}")


@contextmanager
def exchanged(project: str | None, database: str | None, *, told: bool) -> Iterator[tuple[Service, str]]:
    """The memory and the project that are meant: this repository's, or those that are named."""
    if project is not None or database is not None:
        from contox_hooks.cli.served import project_named, service_of

        if project is None:
            raise UsageError("which project of that database?", hint="--project NAME; contox-hooks projects lists them")
        with service_of(database) as service:
            yield service, project_named(service, project).id
        return
    from contox_hooks.cli.pick import looked

    parts = looked(told=told).parts
    yield parts.service, parts.project.id


def _pieces(service: Service, project_id: str, format: Format, status: str | None) -> Generator[bytes, None, None]:
    if format == "jsonl":
        from contox_hooks.exchange.reading import exported

        yield from exported(service.store, project_id)
    elif format == "markdown":
        from contox_hooks.exchange.markdown import document

        for piece in document(service.store, project_id, status=cast(Any, status)):
            yield piece.encode("utf-8", "replace")
    else:
        from contox_hooks.exchange.commit import commits_kept, commits_standing
        from contox_hooks.exchange.trace import line_of

        for kept in commits_kept(service.store, project_id, commits_standing(service.store, project_id)):
            yield line_of(kept.digest, at_utc=kept.at_utc)
