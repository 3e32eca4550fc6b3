"""The Hygiene tab: what could be better about what is remembered, as a plan; and chosen parts of it applied.

By rules alone: opening a page pays for nothing. Invariant: a browser sends ids of actions, never actions; an id follows
from what its action does and to what, so what is applied is what was shown, or nothing.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.item import Item
from contox_hooks.domain.phrase import plural
from contox_hooks.memory.hygiene.action import Action, ActionType
from contox_hooks.memory.hygiene.analysis import ITEMS_LOOKED_AT, Mode, analyze
from contox_hooks.memory.hygiene.applying import Applied, apply
from contox_hooks.memory.service import Service
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.chosen import of_first_project
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.memory import here
from contox_hooks.server.page.render import page

router = APIRouter(include_in_schema=False)

MOST_CHOSEN = 1000
_MOST_LINES = 40
"""Of one change; more are counted."""


NAMES: Final[Mapping[ActionType, str]] = {
    "RENAME_TITLE": "Clean the title", "RETAG": "Tidy the tags", "FIX_DEDUPHINT": "Set the dedup hint",
    "MERGE_MEMORIES": "Merge", "DEPRECATE_MEMORY": "Deprecate", "NEEDS_EVIDENCE": "Send to review",
    "PATCH_FACTS": "Shorten the facts", "PATCH_RATIONALE": "Shorten the rationale", "REDACT": "Redact a secret",
    "LINK_RELATED": "Link",
}  # fmt: skip


class Wanted(BaseModel):
    project: Id = ""
    mode: Text = Field(default="quick", max_length=20)
    key: Text = Field(default="", max_length=200)
    """How the schema key begins."""

    @property
    def known_mode(self) -> Mode:
        return "weekly" if self.mode == "weekly" else "quick"

    def href(self, **changes: object) -> str:
        asked = self.model_copy(update=changes)
        return f"/dashboard/hygiene?{urlencode(asked.model_dump(exclude_defaults=True))}"


class Selection(BaseModel):
    action: list[Text] = Field(default=[], max_length=MOST_CHOSEN)


@dataclass(frozen=True, slots=True)
class Shown:
    """An action as people judge it."""

    action: Action
    items: tuple[Item, ...]
    changes: tuple[tuple[str, tuple[str, ...]], ...]
    """What becomes different, and its lines: `-` goes, `+` comes."""

    @property
    def name(self) -> str:
        return NAMES[self.action.type]


@router.get("/dashboard/hygiene")
def hygiene(request: Request, desk: AtDesk, wanted: Annotated[Wanted, Query()]) -> Response:
    if not wanted.project:
        return of_first_project(request, desk, "hygiene")
    with desk.project(wanted.project, Right.READ) as visit:
        plan = analyze(visit.service, wanted.project, mode=wanted.known_mode, key_prefix=wanted.key or None)
        return page(
            request, "hygiene.html", Frame.of(visit, "hygiene"), wanted=wanted, plan=plan, looked_at=ITEMS_LOOKED_AT,
            actions=[shown(visit.service, action) for action in plan.actions], may=visit.allows(Right.CURATE),
            here=here(request),
        )  # fmt: skip


@router.post("/dashboard/hygiene")
def applied(
    request: Request, desk: AtDesk, wanted: Annotated[Wanted, Query()], form: Annotated[Selection, Form()]
) -> Response:
    """The plan is made anew: what has changed since has another id, and is left alone."""
    with desk.project(wanted.project, Right.CURATE) as visit:
        if not form.action:
            return see_other(here(request), "nothing was chosen", tone="bad")
        plan = analyze(visit.service, wanted.project, mode=wanted.known_mode, key_prefix=wanted.key or None)
        done = apply(visit.service, wanted.project, plan, selected=frozenset(form.action))
        return see_other(here(request), told(done), tone="good" if done.of("applied") else "bad")


def told(done: Applied) -> str:
    parts = [f"{plural(len(done.of('applied')), 'action')} applied"]
    reasons = Counter(f"{outcome.kind}: {outcome.reason}" for kind in ("skipped", "error") for outcome in done.of(kind))
    parts += [f"{count} {reason}" for reason, count in reasons.items()]
    if done.unknown:
        parts.append(f"{len(done.unknown)} left alone: changed since the plan was shown")
    return "; ".join(parts)


def shown(service: Service, action: Action) -> Shown:
    items = tuple(service.items.get(target) for target in action.target_ids)
    return Shown(action, items, tuple(_changes(action, items[0])))


def _changes(action: Action, item: Item) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in action.patch.items():
        field = "dedup_hint" if name == "dedupHint" else name
        yield name, tuple(_difference(_text(getattr(item, field)), _text(value)))
    if action.type in ("DEPRECATE_MEMORY", "NEEDS_EVIDENCE"):
        yield "status", (f"- {item.status}", "+ deprecated" if action.type == "DEPRECATE_MEMORY" else "+ review")
    for _, field, rule in action.redactions:
        yield field, (f"+ [redacted:{rule}]",)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")


def _difference(before: str, after: str) -> Iterator[str]:
    lines = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"  … {plural(len(lines) - _MOST_LINES, 'more line')}"
