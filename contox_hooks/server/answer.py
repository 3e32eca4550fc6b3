"""One question answered for a request: offline, or by the project's model where its settings name one, within its caps.

Must not know routes. Invariants: a cap that is reached refuses the request; a model that fails costs its words only;
while a model is asked nothing of the pool is held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contox_hooks.asker import OFFLINE, meter_for
from contox_hooks.domain.error import SettingError, SpendRefused
from contox_hooks.domain.setting import Effective
from contox_hooks.embedder import embedder_if_any
from contox_hooks.report import Reports
from contox_hooks.server.desk import Visit
from contox_hooks.server.effective import effective_of
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.site import Site

if TYPE_CHECKING:
    from contox_hooks.memory.report.ask import Answer as Told
    from contox_hooks.model.chat import Answer, Asker, Question


@dataclass(frozen=True, slots=True)
class Found:
    """The passages that fit a question; what comes after needs no visit."""

    told: Told
    effective: Effective
    project_id: str


def found(visit: Visit, question: str) -> Found:
    effective = effective_of(visit.service, visit.project.settings)
    reports = Reports(visit.service, visit.project, None, effective.settings)  # it reads nothing of git
    is_sent = effective.settings.model != OFFLINE
    told = reports.passages(question, embedder=embedder_if_any(), are_sent=is_sent)
    return Found(told, effective, visit.project.id)


def answer(found: Found, site: Site) -> Told:
    """For who has given the visit back. Raises Busy, Refusal 403 at a cap."""
    told = found.told
    if found.effective.settings.model == OFFLINE or not told.passages:
        return told
    with site.turns.one(found.project_id), site.pool.open_store() as store:
        try:
            meter = meter_for(found.effective, store, found.project_id)
        except SettingError as error:
            return replace(told, trouble=error.message)
        assert meter is not None  # not offline
        prose, trouble = Reports.prose(_Refusing(meter), "ask", told.question, told.sources)
    return replace(told, prose=prose, trouble=trouble)


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
