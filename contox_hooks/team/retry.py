"""When a stage that failed is begun again by itself. Pure.

CONTRACT.md section 5: 5 attempts, exponential back-off from 60 s.
"""

from __future__ import annotations

from typing import Final

from contox_hooks.domain.pipeline import Job

MAX_ATTEMPTS: Final = 5
FIRST_WAIT_S: Final = 60


def decide_again_ms(job: Job) -> int | None:
    """When a failed stage's next attempt is due, milliseconds since the epoch; None: a person must look."""
    if job.status != "failed" or job.attempts >= MAX_ATTEMPTS:
        return None
    return (job.finished_at_ms or 0) + 1000 * (FIRST_WAIT_S << max(0, job.attempts - 1))


def is_due_again(job: Job, now_ms: int) -> bool:
    again_ms = decide_again_ms(job)
    return again_ms is not None and again_ms <= now_ms
