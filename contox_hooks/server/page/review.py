"""The Review tab: what a person is asked about, each with the commit that put it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.item import ITEM_TYPES, Item, ItemType
from contox_hooks.domain.phrase import plural
from contox_hooks.memory.review import BAND_TEXTS, BANDS, Band, band_of, blamed_commit, why_doubtful
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.choice import Decision, choice_of, decide
from contox_hooks.server.page.chosen import of_first_project
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.memory import TYPES, here
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

PAGE = 25


class Wanted(BaseModel):
    """What the queue is asked for; a value that there is not stands for any."""

    project: Id = ""
    type: Text = Field(default="", max_length=50)
    band: Text = Field(default="", max_length=50)
    file: Text = Field(default="", max_length=1000)
    history: bool = False
    """Also what later history changed before anybody saw it."""
    page: int = Field(default=1, ge=1, le=100_000)

    def href(self, **changes: object) -> str:
        asked = self.model_copy(update={"page": 1, **changes})
        return f"/dashboard/review?{urlencode(asked.model_dump(exclude_defaults=True))}"


@dataclass(frozen=True, slots=True)
class Doubt:
    item: Item
    choice: str
    band: Band
    why: str
    commit: str | None
    """The commit that made it doubtful, its first twelve characters."""
    session_id: str | None
    """That brought this commit; None where it is not stored here."""


@router.get("/dashboard/review")
def review(request: Request, desk: AtDesk, wanted: Annotated[Wanted, Query()]) -> Response:
    if not wanted.project:
        return of_first_project(request, desk, "review")
    with desk.project(wanted.project, Right.READ) as visit:
        doubts, total, settled = doubts_of(visit.service, wanted)
        return page(
            request, "review.html", Frame.of(visit, "review"), wanted=wanted, doubts=doubts, total=total,
            settled=settled, may=visit.allows(Right.CURATE), types=TYPES, bands=BAND_TEXTS, here=here(request),
            first=(wanted.page - 1) * PAGE + 1,
            older=wanted.href(page=wanted.page + 1) if wanted.page * PAGE < total else None,
            newer=wanted.href(page=wanted.page - 1) if wanted.page > 1 else None,
        )  # fmt: skip


@router.post("/dashboard/review")
def decided(request: Request, desk: AtDesk, project: Id, form: Annotated[Decision, Form()]) -> Response:
    with desk.project(project, Right.CURATE) as visit:
        return decide(visit, here(request), form)


@router.post("/dashboard/review/settle")
def settle(desk: AtDesk, project: Id) -> Response:
    """Archive what history settled by itself."""
    with desk.project(project, Right.CURATE) as visit:
        settled = visit.service.reviews.settle(project)
        return see_other(Wanted(project=project).href(), f"{plural(len(settled), 'item')} archived")


def doubts_of(service: Service, wanted: Wanted) -> tuple[list[Doubt], int, int]:
    """The page's, how many there are on all pages, and how many nobody is asked about because history settled them."""
    reviews = service.reviews
    type_: ItemType | None = next((each for each in ITEM_TYPES if each == wanted.type), None)
    band: Band | None = next((each for each in BANDS if each == wanted.band), None)
    file = wanted.file.strip() or None
    items = reviews.queue(
        wanted.project, type=type_, file=file, band=band, history=wanted.history, limit=PAGE,
        offset=(wanted.page - 1) * PAGE,
    )  # fmt: skip
    asked = reviews.count(wanted.project)
    settled = reviews.count(wanted.project, history=True) - asked
    is_narrowed = wanted.history or (type_, band, file) != (None, None, None)
    total = asked
    if is_narrowed:
        total = reviews.count(wanted.project, type=type_, file=file, band=band, history=wanted.history)
    return [_doubt(service, item) for item in items], total, settled


def _doubt(service: Service, item: Item) -> Doubt:
    sha = blamed_commit(item.status_reason)
    session_id = None if sha is None else service.reviews.session_of(item.project_id, sha)
    return Doubt(item, choice_of(item), band_of(item.confidence), why_doubtful(item), sha, session_id)
