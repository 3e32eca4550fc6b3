"""One memory item: what it says, the lines in git that prove it, how it came to stand as it does.

There is no deletion: what cites git would come back with the next look at it. Archived, it is neither found nor told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.item import Evidence, Item
from contox_hooks.domain.item_field import TEXTS, field_value
from contox_hooks.domain.phrase import plural
from contox_hooks.domain.visible import visible
from contox_hooks.memory.deciding import seen_of
from contox_hooks.memory.review import BAND_TEXTS, standing
from contox_hooks.memory.service import Service
from contox_hooks.memory.stored_commit import Kept, commit_kept
from contox_hooks.pipeline.citation import CitedLine, cited_lines_of
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk, Visit
from contox_hooks.server.page.choice import Decision, choice_of, decide
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.memory import TYPES, row_of
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

FIELDS = ("type", "title", "key", "importance", "tags", *TEXTS)


class Edit(BaseModel):
    seen: Text = Field(default="", max_length=64)
    """`seen_of` the item that the form was made from."""
    type: Text = Field(default="", max_length=50)
    title: Text = Field(default="", max_length=2000)
    key: Text = Field(default="", max_length=2000)
    importance: Text = Field(default="", max_length=10)
    tags: Text = Field(default="", max_length=2000)
    facts: Text = Field(default="", max_length=50_000)
    rationale: Text = Field(default="", max_length=20_000)
    impact: Text = Field(default="", max_length=20_000)


@dataclass(frozen=True, slots=True)
class Cited:
    evidence: Evidence
    kept: Kept | None
    """The commit; None where it is not stored here."""
    lines: tuple[CitedLine, ...] | None
    """None where the quote cannot be shown in its place."""


@dataclass(frozen=True, slots=True)
class Tie:
    """How another item stands to this one."""

    how: str
    item: Item | None
    """None: it is gone."""
    reason: str


@router.get("/dashboard/memory/{item_id}")
def item_page(request: Request, desk: AtDesk, item_id: Id) -> Response:
    with desk.item(item_id, Right.READ) as (visit, item):
        return _page(request, visit, item, _typed(item), {})


@router.post("/dashboard/memory/{item_id}/decide")
def decided(desk: AtDesk, item_id: Id, form: Annotated[Decision, Form()]) -> Response:
    with desk.item(item_id, Right.CURATE) as (visit, item):
        return decide(visit, f"/dashboard/memory/{item.id}", form)


@router.post("/dashboard/memory/{item_id}/edit")
def edited(request: Request, desk: AtDesk, item_id: Id, form: Annotated[Edit, Form()]) -> Response:
    """What was typed stays on the page until it can be taken."""
    with desk.item(item_id, Right.CURATE) as (visit, item):
        typed = {name: getattr(form, name).replace("\r\n", "\n") for name in FIELDS}
        changes, problems = changes_of(item, typed)
        with visit.service.store.transaction():
            is_shown = seen_of(visit.service.items.get(item.id)) == form.seen
            if is_shown and changes and not problems:
                visit.service.reviews.edit(item.id, **changes)
        if problems or not is_shown:
            return _page(request, visit, item, typed, problems, is_shown=is_shown)
        said = f"changed {', '.join(sorted(changes))}" if changes else "nothing was changed: it says that already"
        return see_other(f"/dashboard/memory/{item.id}", said)


def changes_of(item: Item, typed: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form has otherwise than it was shown, by the item's fields; what is wrong with it, by the form's."""
    shown, changes, problems = _typed(item), {}, {}
    for name, text in typed.items():
        if text.strip() == visible(shown[name]).strip():  # what a page cannot show as it is comes back as it was shown
            continue
        try:
            value = field_value(name, text if name in TEXTS else text.strip())
        except ValueError as error:
            problems[name] = str(error)
        else:
            changes["schema_key" if name == "key" else name] = value
    return changes, problems


def cited(service: Service, item: Item) -> list[Cited]:
    found = []
    for evidence in item.evidence:
        kept = commit_kept(service.store, item.project_id, evidence.commit_sha)
        found.append(Cited(evidence, kept, None if kept is None else cited_lines_of(evidence, kept.digest)))
    return found


def ties(service: Service, item: Item) -> list[Tie]:
    """Relations, what was merged into it, what stands in its place."""
    found = []
    for each in service.items.relations(item.id):
        how = each.kind if each.from_id == item.id else _BACK.get(each.kind, each.kind)
        found.append(Tie(how, _item(service, each.to_id if each.from_id == item.id else each.from_id), each.reason))
    found += [Tie("merged from", _item(service, other), "") for other in item.merged_from]
    if item.superseded_by:
        found.append(Tie("superseded by", _item(service, item.superseded_by), item.status_reason or ""))
    return found


_BACK = {"reinforces": "reinforced by", "supersedes": "superseded by", "contradicts": "contradicted by"}


def history(item: Item) -> list[tuple[int, str]]:
    """What is known of how it came to stand as it does, oldest first: seconds since the epoch, what happened then."""
    found = [(item.at_utc, "happened"), (item.created_at, "became memory")]
    if item.last_reinforced_at is not None:
        found.append((item.last_reinforced_at, f"seen again, {plural(item.reinforced, 'time')} in all"))
    if item.approved_at is not None:
        found.append((item.approved_at, "approved by a person, or written by one"))
    found.sort(key=lambda entry: entry[0])
    return [*found, (item.updated_at, standing(item))]


def _page(
    request: Request, visit: Visit, item: Item, typed: dict[str, str], problems: dict[str, str], *,
    is_shown: bool = True,
) -> Response:  # fmt: skip
    """`is_shown`: the item still is what the form was made from."""
    service = visit.service
    return page(
        request, "item.html", Frame.of(visit, "memory"), status=400 if problems else 200 if is_shown else 409,
        item=item, row=row_of(item, service.items.newest_at(item.project_id)), typed=typed, problems=problems,
        is_shown=is_shown, cited=cited(service, item), ties=ties(service, item), history=history(item),
        session=None if item.session_id is None else service.sessions.get(item.session_id), types=TYPES, texts=TEXTS,
        band_texts=BAND_TEXTS, choice=choice_of(item), seen=seen_of(item), may=visit.allows(Right.CURATE),
    )  # fmt: skip


def _typed(item: Item) -> dict[str, str]:
    """The form's fields as the item has them."""
    return {
        "type": item.type, "title": item.title, "key": item.schema_key, "importance": str(item.importance),
        "tags": ", ".join(item.tags), "facts": item.facts, "rationale": item.rationale or "",
        "impact": item.impact or "",
    }  # fmt: skip


def _item(service: Service, item_id: str) -> Item | None:
    try:
        return service.items.get(item_id)
    except NotFound:
        return None
