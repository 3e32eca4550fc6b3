"""One question answered for a request: offline, or by the project's model where its settings name one, within its caps.

Must not know routes. Invariant: a cap that is reached refuses the request; a model that fails costs its words only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contox_hooks.asker import meter_for
from contox_hooks.domain.error import SettingError, SpendRefused
from contox_hooks.report import Reports
from contox_hooks.server.desk import Visit
from contox_hooks.server.embedder import embedder_if_any
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.reports import effective_of
from contox_hooks.server.site import Site

if TYPE_CHECKING:
    from contox_hooks.memory.report.ask import Answer as Told
    from contox_hooks.model.chat import Answer, Asker, Question


def answer(visit: Visit, site: Site, question: str) -> Told:
    """Raises Refusal 403 at a cap."""
    effective = effective_of(visit, site, None)
    reports = Reports(visit.service, visit.project, None, effective.settings)  # it reads nothing of git
    asker: Asker | None = None
    unset = ""
    try:
        meter = meter_for(effective, visit.service.store, visit.project.id)
        asker = None if meter is None else _Refusing(meter)
    except SettingError as error:
        unset = error.message
    told = reports.ask(question, embedder=embedder_if_any(), asker=asker)
    return replace(told, trouble=unset or told.trouble)


class _Refusing:
    """An asker whose caps end the request, as CONTRACT.md section 1.3 has it, not only the model's part of it."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    @property
    def name(self) -> str:
        return self._asker.name

    def ask(self, question: Question, *, purpose: str) -> Answer:
        try:
            return self._asker.ask(question, purpose=purpose)
        except SpendRefused:
            raise Refusal(403, "AI token limit reached") from None
