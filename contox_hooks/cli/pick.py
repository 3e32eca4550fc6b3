"""Which session a verb means, and the way in that most verbs share."""

from __future__ import annotations

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.context import Here, opened
from contox_hooks.cli.render import warn
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.memory.session import Session

MAX_SUMMARY = 120
"""CONTRACT.md section 8: a summary in a notice; longer ones end in `...`."""


def looked(*, told: bool) -> Here:
    """The repository here after a look for new commits; what hindered the look is one line on stderr if
    `told`: beside `--json` stderr is for the error alone."""
    here = opened()
    if here.trouble is not None and told:
        warn(f"contox-hooks: the look for new commits failed: {clean(here.trouble.message)} (contox-hooks status)")
    return here


def session_named(here: Here, prefix: str | None) -> Session:
    """By the first characters of its id; without them the active session, else the newest. Raises NotFound."""
    sessions, project_id = here.parts.service.sessions, here.parts.project.id
    if prefix is not None:
        return sessions.find(project_id, prefix)
    found = sessions.active(project_id, SOURCE_HOOKS)
    if found is None:
        found = next(iter(sessions.page(project_id, limit=1)), None)
    if found is None:
        raise NotFound("there are no sessions yet", hint="the next commit opens one")
    return found


def summary_text(session: Session, *, limit: int | None = MAX_SUMMARY) -> str:
    """A session's summary in one line; of a summary that is a JSON object its `executiveSummary`."""
    text = session.summary or ""
    if text.lstrip().startswith("{"):
        import json

        try:
            told = json.loads(text).get("executiveSummary")
            text = told if isinstance(told, str) else text
        except ValueError:
            pass  # it only looked like JSON
    text = clean(text)
    return text if limit is None else cut(text, limit)
