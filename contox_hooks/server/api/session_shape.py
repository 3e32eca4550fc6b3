"""Sessions, their events and jobs as the API tells of them, in both name sets of CONTRACT.md section 1.2.

Pure. Invariant: an open session's `status` is `active` whatever its pipeline does: by that word the extension knows
whether its session was closed elsewhere. What the pipeline makes of it is `lifecycle`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from contox_hooks.domain.pipeline import Job, fold_pipeline
from contox_hooks.memory.session import Session, StoredEvent, lifecycle
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.commit import commit_shape, digest_of_payload
from contox_hooks.wire.envelope import iso_ms


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


def session_shape(session: Session, jobs: Sequence[Job]) -> dict[str, Any]:
    """`jobs`: of its newest run."""
    started, ended = iso_ms(session.started_at), None if session.ended_at is None else iso_ms(session.ended_at)
    return {
        "id": session.id,
        "sessionId": session.id,
        "projectId": session.project_id,
        "source": session.source,
        "status": session.status,
        "lifecycle": lifecycle(session, jobs),
        "startedAt": started,
        "createdAt": started,
        "updatedAt": iso_ms(_updated_at(session)),
        "endedAt": ended,
        "completedAt": ended,
        "endReason": session.end_reason,
        "messageCount": session.event_count,
        "eventCount": session.event_count,
        "itemsExtracted": session.items_extracted,
        "summary": session.summary,
        "headCommitSha": session.head_sha,
    }


def _updated_at(session: Session) -> int:
    """That its window ran out is no change."""
    ended_at = session.ended_at if session.end_reason != "window" else None
    return max(session.started_at, session.last_event_at, ended_at or 0)


def whole_session_shape(session: Session, jobs: Sequence[Job], *, model: str) -> dict[str, Any]:
    files = {"filesModified": list(session.files), "filesCut": session.files_cut}
    return {**session_shape(session, jobs), "enrichmentModel": model, **files}


def jobs_shape(jobs: Sequence[Job]) -> dict[str, Any]:
    """Without any it is done, so that whoever polls stops (CONTRACT.md section 0, decision 6)."""
    state = fold_pipeline(jobs)
    pipeline = {
        "totalSteps": state.total_steps,
        "completedSteps": state.completed_steps,
        "failedSteps": state.failed_steps,
        "status": state.status,
    }
    return {"jobs": [job_shape(job) for job in jobs], "pipeline": pipeline}


def job_shape(job: Job) -> dict[str, Any]:
    """What was skipped is `done`, with a mark: the extension draws every other word as still to come."""
    finished = _iso(job.finished_at_ms)
    return {
        "id": job.id,
        "runId": job.run_id,
        "sessionId": job.session_id,
        "jobType": str(job.stage),
        "type": str(job.stage),
        "status": "done" if job.status == "skipped" else job.status,
        "skipped": job.status == "skipped",
        "attempts": job.attempts,
        "lastError": job.last_error,
        "error": job.last_error,
        "detail": job.detail,
        "createdAt": iso_ms(job.queued_at_ms / 1000),
        "startedAt": _iso(job.started_at_ms),
        "processedAt": finished,
        "completedAt": finished,
        "durationMs": job.duration_ms,
    }


def event_shape(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    payload: dict[str, Any] = dict(event.payload)
    if event.type == "commit":
        digest = digest_of_payload(event.payload, sha=event.key.partition(":")[2])
        payload = commit_shape(digest_without_addresses(digest))
    return {
        "id": stored.id,
        "sessionId": stored.session_id,
        "key": event.key,
        "type": event.type,
        "source": event.source,
        "createdAt": iso_ms(event.at_utc),
        "receivedAt": iso_ms(stored.received_at),
        "supersededBy": stored.superseded_by,
        "processed": stored.processed_run is not None,
        "payload": payload,
    }


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_ms(at_ms / 1000)
