"""`contox-hooks backfill`: read history, as far back as asked; stopped anywhere, it goes on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.context import opened
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, plural, say, warn
from contox_hooks.domain.error import StageFailed, UsageError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.cli.history_model import Spent
    from contox_hooks.git.repository import Repository

app = typer.Typer(add_completion=False)

Model = Annotated[
    bool, typer.Option("--model", help="Let the model that is set read history too, not rules; it may cost money.")
]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What reading a stretch of history came to."""

    captured: int
    known: int
    missing: int
    """Commits that could not be read: objects that a partial clone does not have."""
    undelivered: str | None
    sessions: int
    """Taken through the pipeline."""
    failed: tuple[str, ...]
    """`stage: error` of each stage that failed."""
    spent: Spent | None = None
    """None: no model was asked."""


@app.command()
def command(
    revision: Annotated[str, typer.Argument(metavar="[REVISION]", help="Where to start going back.")] = "HEAD",
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="At most this many commits.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="2024-01-31, or '6 months ago'.")] = None,
    enrich: Annotated[
        bool, typer.Option("--enrich/--no-enrich", help="Make memory of it right away, or leave that for later.")
    ] = True,
    model: Model = False,
    json: Json = False,
) -> None:
    """Read the repository's history into memory: everything that REVISION reaches, or as far back as asked.

    Stopped anywhere, it goes on from there the next time. Exit 8 when a pipeline stage failed.

    JSON: captured; known, captured before; missing, not readable here; undelivered, why events wait, or null; sessions,
    taken through the pipeline; failed, a list of texts; spent, on a model (calls, tokens, micro_dollars), or null.
    """
    from contox_hooks.cli.wanting import wanting_line

    here = opened()
    if here.trouble is not None:
        raise here.trouble
    if model and not enrich:
        raise UsageError("--model and --no-enrich contradict each other", hint="give one of them")
    learnt = learn(here.parts, revision=revision, limit=limit, since=since, enrich=enrich, model=model, shown=not json)
    if json:
        emit_json(learnt)
    else:
        say(in_short(learnt))
        if line := wanting_line(here.parts):
            say(line)
        if not enrich and learnt.captured:
            later = (
                "auto-learn will make memory of it later; now"
                if here.parts.settings.auto_learn
                else "to make memory of it"
            )
            say(f"{later}: contox-hooks enrich")
    tell_failed(learnt, told=not json)


def learn(
    parts: Assembly,
    *,
    revision: str,
    limit: int | None,
    since: str | None,
    enrich: bool,
    shown: bool,
    model: bool = False,
) -> Learnt:
    """Capture what is not captured yet, then run the pipeline; `shown`: with progress bars. `model`: the one that is
    set reads it too, else rules do; on a terminal a person is asked first, with the estimate.

    Raises UsageError, SettingError, RepositoryError, Busy, StoreError."""
    from contox_hooks.cli.history_model import check_model, may_spend, spent_of, used_of

    if model:
        check_model(parts)
    from contox_hooks.capture.backfill import backfill, plan_backfill
    from contox_hooks.cli.pipeline_run import bar_for, run_in_foreground

    check_since(parts.repo, since)
    plan = plan_backfill(parts.repo, parts.state, revision=revision, limit=limit, since=since)
    captured, undelivered = 0, None
    try:
        if plan.shas:
            with bar_for(len(plan.shas), "commits", shown=shown) as bar:
                done = backfill(parts.repo, parts.drain(), plan, parts.settings, on_stored=bar.advance)
            captured, undelivered = done.commits, done.undelivered
        if not enrich:
            return Learnt(captured, plan.known, len(plan.shas) - captured, undelivered, 0, ())
        parts.drain().ask_for_runs()
        before = used_of(parts)
        report = run_in_foreground(parts, shown=shown, history=model and may_spend(parts, asks=shown))
    except KeyboardInterrupt:
        if shown:
            warn("stopped; what was read is kept, the same command goes on from here")
        raise
    failed = tuple(f"{job.stage.label}: {clean(job.last_error or 'no reason was given')}" for job in report.failed)
    return Learnt(
        captured, plan.known, len(plan.shas) - captured, undelivered, report.runs, failed, spent_of(parts, before)
    )


def check_since(repo: Repository, since: str | None) -> None:
    """Raises UsageError for what git would silently take for `now`."""
    from contox_hooks.git.date import is_past

    if since is not None and not is_past(repo, since):
        raise UsageError(f"--since {since!r} is no date in the past", hint="2024-01-31, or '6 months ago'")


def in_short(learnt: Learnt) -> str:
    """`100 commits captured, 20 known already, 12 sessions made into memory`."""
    parts = [f"{plural(learnt.captured, 'commit')} captured"]
    if not learnt.captured and learnt.known:
        parts = [f"nothing new: {plural(learnt.known, 'commit')} known already"]
    elif learnt.known:
        parts.append(f"{learnt.known:,} known already")
    if learnt.missing:
        parts.append(f"{learnt.missing:,} not readable here")
    if learnt.sessions:
        parts.append(f"{plural(learnt.sessions, 'session')} made into memory")
    if learnt.spent is not None:
        parts.append(str(learnt.spent))
    return ", ".join(parts)


def tell_failed(learnt: Learnt, *, told: bool) -> None:
    """Raises StageFailed; everything else is stored by then."""
    if learnt.undelivered is not None and told:
        warn(f"contox-hooks: events wait to be handed over: {learnt.undelivered}\n  → contox-hooks doctor")
    if learnt.failed:
        more = f", and {len(learnt.failed) - 1} more" if len(learnt.failed) > 1 else ""
        raise StageFailed(f"a pipeline stage failed: {learnt.failed[0]}{more}", hint="contox-hooks retry")
