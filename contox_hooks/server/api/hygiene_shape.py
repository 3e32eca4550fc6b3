"""What hygiene takes and gives, for the OpenAPI document; shape/hygiene.py makes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from contox_hooks.memory.hygiene.plan import MAX_ACTIONS
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
