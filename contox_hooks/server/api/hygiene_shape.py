"""What hygiene takes and gives in both name sets of CONTRACT.md section 1.4; the plan itself is memory/hygiene's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from contox_hooks.domain.item import Item
from contox_hooks.memory.hygiene.action import Action
from contox_hooks.memory.hygiene.plan import MAX_ACTIONS, Plan
from contox_hooks.server.api.declared import Id, Text


class Scope(BaseModel):
    teamId: str | None = None
    projectId: Id | None = None


class Filters(BaseModel):
    schemaKeyPrefix: Annotated[Text, Field(max_length=200)] | None = None


class HygieneBody(BaseModel):
    action: Literal["analyze", "apply"] = "analyze"
    mode: Literal["quick", "weekly"] = Field("quick", description="The 20 newest items, or the 200 newest")
    projectId: Id | None = None
    scope: Scope = Scope()
    filters: Filters | None = None
    plan: dict[str, Any] | None = Field(None, description="apply: as analyze gave it")
    selectedActionIds: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=MAX_ACTIONS)] | None = (
        Field(None, description="apply: these alone, and naming one approves it; without it, what needs no approval")
    )
    dryRun: bool = False

    @property
    def of_project(self) -> str:
        """ "" where none is named."""
        return self.scope.projectId or self.projectId or ""


class ActionReply(BaseModel):
    actionId: str
    id: str
    type: str
    targetMemoryIds: list[str]
    itemIds: list[str]
    itemId: str
    reason: str
    description: str
    confidence: float
    requiresHumanApproval: bool
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Metrics(BaseModel):
    totalMemories: int
    actionsCount: int
    byType: dict[str, int]


class Usage(BaseModel):
    promptTokens: int
    completionTokens: int


class PlanReply(BaseModel):
    planVersion: str
    planId: str
    summary: str
    itemsAnalyzed: int
    actions: list[ActionReply]
    metrics: Metrics
    warnings: list[str]
    usage: Usage


class Failure(BaseModel):
    actionId: str
    message: str


class Passed(BaseModel):
    actionId: str
    reason: str


class AppliedReply(BaseModel):
    appliedActionIds: list[str]
    skippedActionIds: list[str]
    errors: list[Failure]
    skipped: list[Passed]
    dryRun: bool


_FIELDS: Final[Mapping[str, str]] = {
    "title": "title", "tags": "tags", "dedupHint": "dedup_hint", "facts": "facts", "rationale": "rationale",
}  # fmt: skip


def plan_object(plan: Plan, items: Mapping[str, Item]) -> dict[str, Any]:
    """`items`: those that the actions are about, by id."""
    told = plan.to_json()
    ids = "\n".join(action.id for action in plan.actions)
    return {
        **told,
        "planVersion": str(told["planVersion"]),
        "planId": hashlib.sha256(ids.encode()).hexdigest()[:16],
        "itemsAnalyzed": plan.total,
        "actions": [_action_object(action, items) for action in plan.actions],
    }


def _action_object(action: Action, items: Mapping[str, Item]) -> dict[str, Any]:
    first = items[action.target_ids[0]]
    before = {name: getattr(first, _FIELDS[name]) for name in action.patch}
    return {
        **action.to_json(),
        "id": action.id,
        "itemId": first.id,
        "itemIds": list(action.target_ids),
        "description": action.reason,
        "before": before or None,
        "after": dict(action.patch) or None,
    }
