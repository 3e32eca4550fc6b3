"""What the routes of sessions give, for the OpenAPI document; shape/session.py makes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class SessionReply(BaseModel):
    id: str
    sessionId: str
    projectId: str
    source: str
    status: str
    """active, closed, compacted."""
    lifecycle: str
    """active, completed, enriching, enriched, failed."""
    startedAt: str
    createdAt: str
    updatedAt: str
    endedAt: str | None
    completedAt: str | None
    endReason: str | None
    """window, ended, external."""
    messageCount: int
    eventCount: int
    itemsExtracted: int
    summary: str | None
    headCommitSha: str | None


class WholeSessionReply(SessionReply):
    enrichmentModel: str
    filesModified: list[str]
    filesCut: bool
    """There were more."""


class SessionsReply(BaseModel):
    sessions: list[SessionReply]
    total: int


class JobReply(BaseModel):
    id: str
    runId: str
    sessionId: str
    jobType: str
    type: str
    status: str
    """queued, running, done, failed."""
    skipped: bool
    """Done, since there was nothing to do: `detail` says why."""
    attempts: int
    lastError: str | None
    error: str | None
    detail: str | None
    createdAt: str
    startedAt: str | None
    processedAt: str | None
    completedAt: str | None
    durationMs: int | None


class PipelineReply(BaseModel):
    totalSteps: int
    completedSteps: int
    failedSteps: int
    status: str
    """pending, running, done, failed."""


class JobsReply(BaseModel):
    jobs: list[JobReply]
    pipeline: PipelineReply


class EventReply(BaseModel):
    id: str
    sessionId: str
    key: str
    type: str
    source: str
    createdAt: str
    """When it happened."""
    receivedAt: str
    supersededBy: str | None
    """The commit that replaced this one, "" when it was dropped."""
    processed: bool
    """It is memory, as far as it says anything."""
    payload: dict[str, Any]
    """A commit's as section 3 of the contract has it, with the digest's other fields; without e-mail addresses."""


class EventsReply(BaseModel):
    events: list[EventReply]
    total: int
    hasMore: bool
