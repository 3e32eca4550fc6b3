"""The Brain tab: what is remembered, by schema key and as a list; found, filtered, decided about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.item import ITEM_STATUSES, ITEM_TYPES, Item
from contox_hooks.embedder import embedder_if_any
from contox_hooks.memory.brain_layer import RECENT_S, Layer, layer_of
from contox_hooks.memory.brain_tree import Node, tree_of
from contox_hooks.memory.review import BAND_TEXTS, BANDS, Band, band_of
from contox_hooks.memory.search import Filters
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.choice import Decision, choice_of, decide
from contox_hooks.server.page.chosen import of_first_project
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.render import page
from contox_hooks.server.page.tree import opened

router = APIRouter(include_in_schema=False)

PAGE = 50
FOUND = 50
"""Hits of a search: the best come first, nobody reads the hundredth."""


@dataclass(frozen=True, slots=True)
class Row:
    item: Item
    choice: str
    band: Band
    layer: Layer | None
    """Of the brain; None for an item that is not told there."""
    score: float | None = None
    """Of a search, 0 to 1."""


TYPES = [(name, name) for name in ITEM_TYPES]
STATUSES = [(name, name) for name in ITEM_STATUSES]
"""As a select has them: value and text."""


class Wanted(BaseModel):
    """What the list is asked for; a value that there is not stands for any."""

    project: Id = ""
    q: Text = Field(default="", max_length=500)
    type: Text = Field(default="", max_length=50)
    key: Text = Field(default="", max_length=200)
    status: Text = Field(default="active", max_length=50)
    band: Text = Field(default="", max_length=50)
    page: int = Field(default=1, ge=1, le=100_000)

    def href(self, **changes: object) -> str:
        """The list with something else asked for; the page is the first again."""
        asked = self.model_copy(update={"page": 1, **changes})
        return f"/dashboard/memory?{urlencode(asked.model_dump(exclude_defaults=True))}"

    @property
    def filters(self) -> dict[str, Any]:
        return {
            "type": self.type if self.type in ITEM_TYPES else None,
            "schema_key": self.key or None,
            "status": self.status if self.status in ITEM_STATUSES else None,
        }


@router.get("/dashboard/memory")
def memory(request: Request, desk: AtDesk, wanted: Annotated[Wanted, Query()]) -> Response:
    if not wanted.project:
        return of_first_project(request, desk, "memory")
    with desk.project(wanted.project, Right.READ) as visit:
        rows, total = rows_of(visit.service, wanted)
        has_more = not wanted.q and wanted.page * PAGE < total
        return page(
            request, "memory.html", Frame.of(visit, "memory"), wanted=wanted, rows=rows, total=total,
            tree=opened(tree_of_keys(visit.service, wanted), wanted.key), may=visit.allows(Right.CURATE),
            counts=visit.service.items.counts_by_status(wanted.project), types=TYPES, statuses=STATUSES,
            bands=BAND_TEXTS,
            older=wanted.href(page=wanted.page + 1) if has_more else None,
            newer=wanted.href(page=wanted.page - 1) if wanted.page > 1 else None,
            here=here(request), first=(wanted.page - 1) * PAGE + 1,
        )  # fmt: skip


@router.post("/dashboard/memory")
def decided(request: Request, desk: AtDesk, project: Id, form: Annotated[Decision, Form()]) -> Response:
    with desk.project(project, Right.CURATE) as visit:
        return decide(visit, here(request), form)


def here(request: Request) -> str:
    """The page with its filters: a form is sent to it, and comes back to it."""
    return f"{request.url.path}?{request.url.query}"


def rows_of(service: Service, wanted: Wanted) -> tuple[list[Row], int]:
    """The page's rows, and how many there are on all pages."""
    newest = service.items.newest_at(wanted.project)
    if wanted.q:
        hits = service.search(
            wanted.project, wanted.q, limit=FOUND, embedder=embedder_if_any(), filters=Filters(**wanted.filters)
        )
        rows = [row_of(hit.item, newest, hit.score) for hit in hits]
        rows = [row for row in rows if wanted.band in ("", row.band)]
        return rows, len(rows)
    where = {**wanted.filters, "confidence": next((BANDS[name] for name in BANDS if name == wanted.band), None)}
    items = service.items.page(wanted.project, **where, limit=PAGE, offset=(wanted.page - 1) * PAGE)
    return [row_of(item, newest) for item in items], service.items.count(wanted.project, **where)


def row_of(item: Item, newest: int, score: float | None = None) -> Row:
    layer = layer_of(item.type, item.importance, is_recent=item.at_utc >= newest - RECENT_S)
    told = layer if item.status == "active" else None
    return Row(item, choice_of(item), band_of(item.confidence), told, score)


def tree_of_keys(service: Service, wanted: Wanted) -> tuple[Node, ...]:
    return tree_of(service.items.counts_by_key(wanted.project, status=wanted.filters["status"]))
