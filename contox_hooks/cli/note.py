"""`contox-hooks note`: a line of one's own in the session's log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli.option import Json

app = typer.Typer(add_completion=False)


@app.command()
def command(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...")],
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="The tracker's, if it was given one.")
    ] = None,
    json: Json = False,
) -> None:
    """Put a note into `.context/session.md`, whether a tracker runs or not. Secrets are taken out of it.

    JSON: log (the file).
    """
    from contox_hooks.cli.render import emit_json, say
    from contox_hooks.domain.error import UsageError
    from contox_hooks.tracker.command import tell_note
    from contox_hooks.tracker.place import place_of

    note = " ".join(text).strip()
    if not note:
        raise UsageError("there is nothing in this note", hint='contox-hooks note "what you found"')
    place = place_of(root)
    tell_note(place, note)
    if json:
        emit_json({"log": place.log})
    else:
        say("✓ noted")
