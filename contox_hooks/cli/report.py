"""What the reporting verbs share: how far back, Markdown on a terminal, and the word when it was quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.cli.render import ago, clean, plural, say
from contox_hooks.report import Reports

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here

DAY_S = 86_400
MAX_DAYS = 3660


def reports_of(here: Here) -> Reports:
    return Reports(here.parts.service, here.parts.project, here.parts.repo, here.parts.settings)


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
