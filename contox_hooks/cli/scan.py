"""`contox-hooks scan [--dry-run] [DIR]`: architecture from the code base itself, as memory with its sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli.option import Json

app = typer.Typer(add_completion=False)


@app.command()
def command(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A folder of the repository.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is found; tell memory nothing.")] = False,
    json: Json = False,
) -> None:
    """Read packages, entry points, routes, schemas, dependencies, tests, CI at HEAD into memory; again: what changed.

    JSON: head, found {kind: count}, new, changed and gone (lists of names), findings [{kind, path, about, more, facts
    [{says, quote, path, line, blob, group}]}], files, read, known, skipped {reason: files}, cut, events, dry_run,
    duration_s.
    """
    from contox_hooks.assembly import Assembly
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.git.repository import locate
    from contox_hooks.scan.scanning import scan_repository

    scanned = scan_repository(Assembly(locate(directory)), dry_run=dry_run)
    if json:
        emit_json(scanned.to_object())
    elif dry_run:
        say(clean(scanned.to_markdown().rstrip("\n"), lines=True))
    else:
        say(clean(scanned.line))
        if scanned.left_out:
            say(clean(scanned.left_out))
        if scanned.events:
            say("see it in a moment: contox-hooks memory --key root/")
