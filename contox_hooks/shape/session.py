"""Sessions, their events and jobs in both name sets of CONTRACT.md section 1.2.

Invariant: an open session's `status` is `active` whatever its pipeline does: by that word the extension knows whether
its session was closed elsewhere. What the pipeline makes of it is `lifecycle`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from contox_hooks.domain.pipeline import Job, fold_pipeline
from contox_hooks.domain.session import Lifecycle, SessionStatus
from contox_hooks.memory.listing import listing
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session, StoredEvent, lifecycle
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.commit import commit_shape, digest_of_payload
from contox_hooks.wire.envelope import iso_ms

StatusWord = Literal["active", "closed", "compacted", "completed", "enriching", "failed", "enriched"]


class _Filter(NamedTuple):
    status: SessionStatus | None = None
    lifecycle: Lifecycle | None = None


FILTERS: Final[Mapping[StatusWord | None, _Filter]] = {
    None: _Filter(),
    "active": _Filter(status="active"),
    "closed": _Filter(status="closed"),
    "compacted": _Filter(status="compacted"),
    "completed": _Filter(lifecycle="completed"),
    "enriching": _Filter(lifecycle="enriching"),
    "failed": _Filter(lifecycle="failed"),
    "enriched": _Filter(lifecycle="enriched"),
}


def sessions_object(
    service: Service, project_id: str, *, limit: int, offset: int, status: StatusWord | None, source: str | None = None
) -> dict[str, Any]:
    """Newest first. `active` finds every open session, whatever its pipeline does; `completed` also those with
    memory."""
    wanted = FILTERS[status]
    found = listing(
        service.store, project_id, limit=limit, offset=offset, source=source, status=wanted.status,
        lifecycle=wanted.lifecycle,
    )  # fmt: skip
    return {"sessions": [session_shape(each.session, each.jobs) for each in found.sessions], "total": found.total}


def events_object(service: Service, session: Session, *, limit: int, offset: int) -> dict[str, Any]:
    """In the order they happened."""
    rows = [_event_shape(each) for each in service.sessions.events(session.id, limit=limit, offset=offset)]
    has_more = offset + len(rows) < session.event_count and bool(rows)
    return {"events": rows, "total": session.event_count, "hasMore": has_more}


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
    return {"jobs": [_job_shape(job) for job in jobs], "pipeline": pipeline}


def _job_shape(job: Job) -> dict[str, Any]:
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


def _event_shape(stored: StoredEvent) -> dict[str, Any]:
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
