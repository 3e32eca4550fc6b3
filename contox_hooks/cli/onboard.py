"""`contox-hooks onboard`: a guide for who is new here, each statement with what it stands on."""

from __future__ import annotations

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.report import Prose, prose_asker, reports_of, tell, tell_spending, with_prose

_TASK = (
    "Tell a developer who is new what this project is, how it is built, and where to begin, in at most ten sentences."
)

app = typer.Typer(add_completion=False)


@app.command()
def command(prose: Prose = False, json: Json = False) -> None:
    """A guide for who is new, as Markdown: what it is, stack, architecture, decisions, conventions, what is under work,
    gotchas, where to start, key files. Each statement cites its item, its file or git. Without --prose no model is
    asked.

    JSON: guide: sections (id, title, content as Markdown, keyFiles, at most 10), generatedAt, itemsUsed, usage:
    promptTokens, completionTokens, totalTokens, of a model; projectName; prose: null, or text, sources (number, text),
    dropped (sentences without a source), unsent (sources that were too many), model, usage; trouble: null, or why there
    is no prose.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import emit_json

    here = looked(told=not json)
    asker = prose_asker(here, prose)
    reports = reports_of(here)
    guide, trouble = with_prose(reports, reports.guide(), asker, "onboard", _TASK)
    if json:
        emit_json({**guide.to_wire(), "trouble": trouble or None})
    else:
        tell(guide.markdown())
        tell_spending(guide.prose, trouble)
