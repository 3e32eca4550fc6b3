"""Sessions and jobs as a server tells of them, in both name sets of CONTRACT.md section 1.2."""

from __future__ import annotations

from typing import Any, Final

from contox_hooks.wire.loose import count_of, name_of, object_of, text_of
from contox_hooks.wire.session import job_status, parse_jobs, session_status
from contox_hooks.wire.told.form import Form, field, flag, moment, rows, texts, words

_LIFECYCLES: Final = ("active", "completed", "enriching", "enriched", "failed")


def _lifecycle(value: object) -> str:
    word = text_of(value).strip().lower()
    return word if word in _LIFECYCLES else "completed"


SESSION: Final[Form] = {
    "id": field(name_of, "sessionId"),
    "sessionId": field(name_of, "id"),
    "projectId": field(name_of),
    "source": field(text_of),
    "status": field(lambda value: session_status(text_of(value))),
    "lifecycle": field(_lifecycle, "status"),
    "startedAt": field(moment, "createdAt"),
    "createdAt": field(moment, "startedAt"),
    "updatedAt": field(moment),
    "endedAt": field(moment, "completedAt"),
    "completedAt": field(moment, "endedAt"),
    "endReason": field(words),
    "messageCount": field(count_of, "eventCount"),
    "eventCount": field(count_of, "messageCount"),
    "itemsExtracted": field(count_of),
    "summary": field(words),
    "headCommitSha": field(words),
}

WHOLE_SESSION: Final[Form] = {
    **SESSION,
    "enrichmentModel": field(text_of),
    "filesModified": field(texts),
    "filesCut": field(flag),
}

SESSIONS: Final[Form] = {"sessions": field(rows(SESSION)), "total": field(count_of)}


def _job_status(value: object) -> str:
    """queued, running, done, failed; what was skipped is done, with a mark."""
    status = job_status(text_of(value))
    return {"pending": "queued", "skipped": "done"}.get(status, status)


_JOB: Final[Form] = {
    "id": field(name_of, "jobId"),
    "runId": field(name_of),
    "sessionId": field(name_of),
    "jobType": field(text_of, "type"),
    "type": field(text_of, "jobType"),
    "status": field(_job_status),
    "skipped": field(flag),
    "attempts": field(count_of),
    "lastError": field(words, "error"),
    "error": field(words, "lastError"),
    "detail": field(words),
    "createdAt": field(moment),
    "startedAt": field(moment),
    "processedAt": field(moment, "completedAt"),
    "completedAt": field(moment, "processedAt"),
    "durationMs": field(lambda value: None if value is None else count_of(value)),
}


def jobs_told(data: object) -> dict[str, Any]:
    """`jobs` and `pipeline`, which is counted from them where the server does not tell. Raises ValueError."""
    _, pipeline = parse_jobs(data)
    listed = data if isinstance(data, list) else object_of(data).get("jobs")
    return {
        "jobs": rows(_JOB)(listed),
        "pipeline": {
            "totalSteps": pipeline.total,
            "completedSteps": pipeline.completed,
            "failedSteps": pipeline.failed,
            "status": pipeline.status,
        },
    }
