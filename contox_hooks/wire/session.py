"""Sessions and jobs as a server tells of them, in both name sets of CONTRACT.md section 1.2.

Must not know HTTP or terminals: texts are as raw as they came. Invariant: only an outer shape that holds no list
raises; whatever stands inside reads as a value or as its absence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contox_hooks.wire.loose import count_of, first, name_of, object_of, objects_of, text_of, time_of

RemoteStatus = Literal["active", "closed", "compacted"]
JobStatus = Literal["pending", "running", "done", "failed", "skipped"]
PipelineStatus = Literal["pending", "running", "done", "failed"]

_JOB_STATUSES: Final[Mapping[str, JobStatus]] = {
    "pending": "pending", "queued": "pending", "waiting": "pending",
    "running": "running", "processing": "running", "active": "running", "enriching": "running",
    "done": "done", "completed": "done",
    "failed": "failed",
    "skipped": "skipped",
}  # fmt: skip
_PIPELINE_STATUSES: Final[Mapping[JobStatus, PipelineStatus]] = {
    "pending": "pending", "running": "running", "done": "done", "failed": "failed", "skipped": "done",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RemoteSession:
    id: str
    project_id: str
    source: str
    status: RemoteStatus
    raw_status: str
    """The server's own word: the API page's `enriching` and `failed` say more than `status`."""
    started_at: float | None
    """Seconds since the epoch, as all times here."""
    updated_at: float | None
    ended_at: float | None
    events: int
    summary: str


@dataclass(frozen=True, slots=True)
class RemoteJob:
    id: str
    type: str
    """The stage: enrich, deep_enrich, embed, dedup, drift_check; an open set."""
    status: JobStatus
    attempts: int
    last_error: str
    created_at: float | None = None
    processed_at: float | None = None


@dataclass(frozen=True, slots=True)
class RemotePipeline:
    total: int
    completed: int
    failed: int
    status: PipelineStatus


def parse_sessions(data: object) -> list[RemoteSession]:
    """Newest first; from `{"sessions": […]}` or a bare array. Raises ValueError for anything else."""
    rows = data.get("sessions") if isinstance(data, Mapping) else data
    if not isinstance(rows, list):
        raise ValueError("the answer holds no list of sessions")
    sessions = [session for row in objects_of(rows) if (session := _session(row)).id]
    if all(session.started_at is not None for session in sessions):
        sessions.sort(key=lambda session: session.started_at or 0.0, reverse=True)
    return sessions  # else as the server orders them: newest first in every version


def parse_jobs(data: object) -> tuple[list[RemoteJob], RemotePipeline]:
    """From `{"jobs": […], "pipeline": {…}}`; what the pipeline does not say is counted from its jobs.

    Raises ValueError when there is neither a list of jobs nor a pipeline.
    """
    values = {"jobs": data} if isinstance(data, list) else object_of(data)
    pipeline = values.get("pipeline")
    if not isinstance(values.get("jobs"), list) and not isinstance(pipeline, Mapping):
        raise ValueError("the answer holds no list of jobs")
    jobs = [_job(row) for row in objects_of(values.get("jobs"))]
    return jobs, _pipeline(object_of(pipeline), jobs)


def session_status(raw: str) -> RemoteStatus:
    """Only `active` takes events: completed, enriching, failed and what we do not know are over."""
    word = raw.strip().lower()
    return "active" if word == "active" else "compacted" if word == "compacted" else "closed"


def job_status(raw: str) -> JobStatus:
    return _JOB_STATUSES.get(raw.strip().lower(), "pending")


def summary_text(value: object) -> str:
    """What to show of a session's summary: the `executiveSummary` where it is JSON, else the text itself."""
    text = text_of(value)
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text_of(object_of(value).get("executiveSummary"), text)


def _session(row: Mapping[str, object]) -> RemoteSession:
    raw = text_of(row.get("status"))
    return RemoteSession(
        id=name_of(first(row, "id", "sessionId")),
        project_id=name_of(row.get("projectId")),
        source=text_of(row.get("source")),
        status=session_status(raw),
        raw_status=raw,
        started_at=time_of(first(row, "startedAt", "createdAt")),
        updated_at=time_of(row.get("updatedAt")),
        ended_at=time_of(first(row, "endedAt", "completedAt")),
        events=count_of(first(row, "messageCount", "eventCount")),
        summary=summary_text(row.get("summary")),
    )


def _job(row: Mapping[str, object]) -> RemoteJob:
    status = job_status(text_of(row.get("status")))
    return RemoteJob(
        id=name_of(first(row, "id", "jobId")),
        type=text_of(first(row, "jobType", "type")),
        status="skipped" if status == "done" and row.get("skipped") is True else status,  # our own server's mark
        attempts=count_of(row.get("attempts")),
        last_error=text_of(first(row, "lastError", "error")),
        created_at=time_of(row.get("createdAt")),
        processed_at=time_of(first(row, "processedAt", "completedAt")),
    )


def _pipeline(row: Mapping[str, object], jobs: list[RemoteJob]) -> RemotePipeline:
    done = sum(job.status in ("done", "skipped") for job in jobs)
    failed = sum(job.status == "failed" for job in jobs)
    total = count_of(row["totalSteps"]) if "totalSteps" in row else len(jobs)
    completed = count_of(row["completedSteps"]) if "completedSteps" in row else done
    failed = count_of(row["failedSteps"]) if "failedSteps" in row else failed
    told = _JOB_STATUSES.get(text_of(row.get("status")).strip().lower())
    if told is not None:
        return RemotePipeline(total, completed, failed, _PIPELINE_STATUSES[told])
    return RemotePipeline(total, completed, failed, _derived_status(total, completed, failed, jobs))


def _derived_status(total: int, completed: int, failed: int, jobs: list[RemoteJob]) -> PipelineStatus:
    if completed >= total:
        return "failed" if failed else "done"  # nothing to do is done: CONTRACT.md section 0, decision 6
    if failed and completed + failed >= total:
        return "failed"
    return "running" if completed or any(job.status == "running" for job in jobs) else "pending"
