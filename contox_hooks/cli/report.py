"""What the reporting verbs share: how far back, Markdown on a terminal, and the word when it was quiet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from contox_hooks.cli.render import ago, clean, plural, say, warn
from contox_hooks.domain.error import SettingError
from contox_hooks.report import Reports

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.memory.report.changelog import Changelog
    from contox_hooks.memory.report.impact import Impact
    from contox_hooks.memory.report.onboarding import Guide
    from contox_hooks.memory.report.prose import Prose as WrittenProse
    from contox_hooks.model.chat import Asker

    Told = TypeVar("Told", Changelog, Impact, Guide)

DAY_S = 86_400
MAX_DAYS = 3660


def reports_of(here: Here) -> Reports:
    """Raises SettingError: what reads git must know what is excluded; memory alone is read without settings."""
    return Reports(here.parts.service, here.parts.project, here.parts.repo, here.parts.settings)


Prose = Annotated[
    bool, typer.Option("--prose", help="Let the configured model sum it up, each sentence with its sources.")
]


def prose_asker(here: Here, wanted: bool) -> Asker | None:
    """Raises SettingError: prose is wanted, and no model is configured or it cannot be asked."""
    from contox_hooks.asker import asker_for

    if not wanted:
        return None
    asker = asker_for(here.parts)
    if asker is None:
        raise SettingError("there is no model to write prose", hint="contox-hooks settings set model small")
    return asker


def model_if_any(here: Here) -> tuple[Asker | None, str]:
    """The configured model; or None, and why it cannot be asked, for a verb that has an answer without it."""
    from contox_hooks.asker import asker_for

    try:
        return asker_for(here.parts), ""
    except SettingError as error:
        return None, f"{error.message}: {error.hint}" if error.hint else error.message


def with_prose(reports: Reports, told: Told, asker: Asker | None, purpose: str, task: str) -> tuple[Told, str]:
    """The report with the model's words, or why there are none."""
    if asker is None:
        return told, ""
    prose, trouble = reports.prose(asker, purpose, task, told.sources)
    return replace(told, prose=prose), trouble


def tell_spending(prose: WrittenProse | None, trouble: str) -> None:
    """On stderr: what was asked, what it took and what it left out, or why there is no prose."""
    if trouble:
        warn(f"contox-hooks: told without a model: {clean(trouble)}")
    elif prose is not None:
        tokens = plural(prose.prompt_tokens + prose.completion_tokens, "token")
        warn(f"contox-hooks: asked {clean(prose.model)}, {tokens}{f'; {prose.note}' if prose.note else ''}")


def tell(markdown: str) -> None:
    say(clean(markdown, lines=True).rstrip("\n"))


def quiet(reports: Reports, days: int, *, commits: int, left_out: int = 0) -> None:
    """Why there is nothing to tell of these days, and what to type next."""
    service = reports.service
    waiting = service.jobs.unprocessed(reports.project.id)
    if left_out:
        say(f"nothing but tests, CI and documents changed in {plural(days, 'day')}; all of it: --mode developer")
    elif waiting:
        say(
            f"{plural(waiting, 'commit')} not in memory yet; to learn from what was captured: contox-hooks enrich --all"
        )
    elif commits:
        say(f"{plural(commits, 'commit')} in {plural(days, 'day')}, none of them worth remembering")
    else:
        times = [touch.at_utc for touch in reports.touches(limit=1)] + [item.at_utc for item in reports.items()]
        if not times:
            say("nothing is remembered yet; to read the repository's history: contox-hooks backfill")
            return
        back = max(0, service.store.now() - max(times)) // DAY_S
        farther = min(back + days, MAX_DAYS)
        say(f"nothing happened in {plural(days, 'day')}; the latest was {ago(max(times))}: --days {farther}")
