"""`contox-hooks changelog`: what happened lately, from memory and git, for three readers."""

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

_TASK = {
    "developer": "Sum up for its developers what changed in the project and why, in at most ten sentences.",
    "product": "Sum up for the people who plan the product what users will notice, in at most eight sentences.",
    "executive": "Sum up for who pays for it what was achieved and what is at risk, in at most five sentences.",
}

app = typer.Typer(add_completion=False)


@app.command()
def command(
    days: Annotated[int, typer.Option("--days", min=1, max=MAX_DAYS, metavar="N", help="How many days back.")] = 30,
    mode: Annotated[
        str, typer.Option("--mode", help="For a developer (a day an entry), product (a week) or executive (a month).")
    ] = "developer",
    prose: Prose = False,
    json: Json = False,
) -> None:
    """What happened lately, as Markdown: each line is an item of memory with its commit. Without --prose no model is
    asked.

    JSON: entries, newest first, at most 200: date, summary, changelog (Markdown), risks, impacts, sessionCount,
    filesModified (at most 50), filesCut; total; hasMore; mode; range: since, until; commits, of git in that time, at
    most 20,000; commitsCut, whether there were more; items, of memory; leftOut, those that the mode leaves out; prose:
    null, or text, sources (number, text), dropped (sentences without a source), unsent (sources that were too many),
    model, usage; trouble: null, or why there is no prose.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import emit_json
    from contox_hooks.domain.error import UsageError
    from contox_hooks.memory.report.changelog import MODES

    if mode not in MODES:
        raise UsageError(f"--mode {mode!r} is none there is", hint=f"one of {', '.join(MODES)}")
    here = looked(told=not json)
    asker = prose_asker(here, prose)
    reports = reports_of(here)
    now = here.parts.service.store.now()
    told = reports.changelog(since=now - days * DAY_S, until=now, mode=mode)
    told, trouble = with_prose(reports, told, asker, "changelog", _TASK[mode])
    if json:
        emit_json({**told.to_wire(), "trouble": trouble or None})
    elif not told.entries:
        quiet(reports, days, commits=told.commits, left_out=told.left_out)
    else:
        tell(told.markdown(here.parts.project.name))
        tell_spending(told.prose, trouble)
