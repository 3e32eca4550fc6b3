"""`contox-hooks impact`: which modules changed lately, what that may touch, and how risky it is."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.report import (
    DAY_S,
    MAX_DAYS,
    Prose,
    prose_asker,
    quiet,
    reports_of,
    tell,
    tell_spending,
    with_prose,
)

_TASK = (
    "Say which changes are the riskiest, what they may break, and what to look at first, in at most eight sentences."
)

app = typer.Typer(add_completion=False)


@app.command()
def command(
    days: Annotated[int, typer.Option("--days", min=1, max=MAX_DAYS, metavar="N", help="How many days back.")] = 7,
    prose: Prose = False,
    json: Json = False,
) -> None:
    """Which modules changed lately, which others import them or usually change with them, and how risky that is.

    JSON: message; modules, riskiest first, at most 40: module, directChanges (commits), rippleFrom (modules), riskLevel
    (critical, high, medium, low), reason, files (at most 20), itemIds; totalFilesChanged; modulesAffected; rippleCount,
    those that only a ripple reaches; changesAnalyzed (commits, at most 20,000); commitsCut, whether there were more;
    usage: promptTokens, completionTokens, totalTokens, of a model; prose: null, or text, sources (number, text),
    dropped (sentences without a source), unsent (sources that were too many), model, usage; trouble: null, or why there
    is no prose.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import emit_json

    here = looked(told=not json)
    asker = prose_asker(here, prose)
    reports = reports_of(here)
    told = reports.impact(since=here.parts.service.store.now() - days * DAY_S)
    told, trouble = with_prose(reports, told, asker, "impact", _TASK)
    if json:
        emit_json({**told.to_wire(), "trouble": trouble or None})
    elif not told.commits:
        quiet(reports, days, commits=0)
    else:
        tell(told.markdown(here.parts.project.name, days))
        tell_spending(told.prose, trouble)
