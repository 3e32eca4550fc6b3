"""`contox-hooks onboard`: a guide for who is new here, each statement with what it stands on."""

from __future__ import annotations

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.report import reports_of, tell

app = typer.Typer(add_completion=False)


@app.command()
def command(json: Json = False) -> None:
    """A guide for who is new, as Markdown: what it is, stack, architecture, decisions, conventions, what is under work,
    gotchas, where to start, key files. Each statement cites its item, its file or git. No model is asked.

    JSON: guide: sections (id, title, content as Markdown, keyFiles, at most 10), generatedAt, itemsUsed, usage, of a
    model: zeros; projectName.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import emit_json

    guide = reports_of(looked(told=not json)).guide()
    if json:
        emit_json(guide.to_wire())
    else:
        tell(guide.markdown())
