"""`contox-hooks drain`: look for new commits now, as a hook's drain would, and say what was found."""

from __future__ import annotations

import typer

from contox_hooks.cli.context import opened
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import emit_json, plural, say

app = typer.Typer(add_completion=False)


@app.command()
def command(json: Json = False) -> None:
    """Look for new commits now and hand them over.

    JSON: busy (another drain is at work), commits (new ones), delivered (events).
    """
    here = opened(drain=False)
    done = here.drain()
    if json:
        commits, delivered = (done.commits, done.delivered) if done is not None else (0, 0)
        emit_json({"busy": done is None, "commits": commits, "delivered": delivered})
    elif done is None:
        say("another drain is at work")
    else:
        say(plural(done.commits, "new commit"))
