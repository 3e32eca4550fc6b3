"""Hygiene's first half: look at the newest items and propose. Reads only.

Offline rules always; a model's opinion too when an asker is handed in. Invariant: a model that cannot be reached costs
its opinion, not the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from contox_hooks.domain.error import Error
from contox_hooks.domain.item import Item
from contox_hooks.memory.hygiene.action import Action
from contox_hooks.memory.hygiene.plan import Plan
from contox_hooks.memory.hygiene.rule import proposals
from contox_hooks.memory.report.telling import counted
from contox_hooks.memory.sql import hygiene as sql

if TYPE_CHECKING:
    from contox_hooks.domain.narrow import Narrow
    from contox_hooks.memory.service import Service
    from contox_hooks.model.chat import Asker

Mode = Literal["quick", "weekly"]
ITEMS_LOOKED_AT: Final[Mapping[Mode, int]] = {"quick": 20, "weekly": 200}
"""CONTRACT.md section 1.4: the newest."""


def analyze(
    service: Service,
    project_id: str,
    *,
    mode: Mode = "quick",
    key_prefix: str | None = None,
    asker: Asker | None = None,
    narrow: Narrow | None = None,
) -> Plan:
    """The same items give the same offline plan. `narrow`: what of them a model may be sent. Raises StoreError."""
    items = looked_at(service, project_id, mode=mode, key_prefix=key_prefix)
    linked = frozenset(
        frozenset({row["from_id"], row["to_id"]})
        for row in service.store.rows(sql.RELATED_PAIRS, project_id=project_id)
    )  # fmt: skip
    actions = {action.id: action for action in proposals(items, linked)}
    warnings: tuple[str, ...] = ()
    prompt_tokens = completion_tokens = 0
    if asker is not None and items:
        from contox_hooks.memory.hygiene.asking import ask_model

        try:
            asked = ask_model(asker, items, narrow)
        except Error as error:
            warnings = (f"{asker.name} was not asked: {error.message}",)
        else:
            fresh = _without_repeats(actions.values(), asked.actions)
            actions.update((action.id, action) for action in fresh)
            warnings = asked.warnings
            prompt_tokens, completion_tokens = asked.prompt_tokens, asked.completion_tokens
    plan = Plan(tuple(actions.values()), len(items), "", warnings, prompt_tokens, completion_tokens)
    return Plan(plan.actions, len(items), _summary(plan), warnings, prompt_tokens, completion_tokens)


def looked_at(service: Service, project_id: str, *, mode: Mode, key_prefix: str | None) -> list[Item]:
    rows = service.store.rows(
        sql.LOOKED_AT, project_id=project_id, limit=ITEMS_LOOKED_AT[mode], low=key_prefix,
        high=None if key_prefix is None else key_prefix + "\U0010ffff",
    )  # fmt: skip
    return [service.items.with_evidence(row) for row in rows]


def _without_repeats(own: Iterable[Action], asked: Sequence[Action]) -> list[Action]:
    """A model's actions that the rules do not propose in other words: the same type on the same items."""
    known = {(action.type, frozenset(action.target_ids)) for action in own}
    return [action for action in asked if (action.type, frozenset(action.target_ids)) not in known]


def _summary(plan: Plan) -> str:
    if not plan.actions:
        return f"{counted(plan.total, 'item')} looked at, nothing to do"
    told = ", ".join(f"{count} {type_.lower().replace('_', ' ')}" for type_, count in plan.by_type.items())
    return f"{counted(plan.total, 'item')} looked at: {told}"
