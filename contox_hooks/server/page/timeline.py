"""A session's pipeline as the timeline shows it: five stages in the words of people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from contox_hooks.domain.pipeline import STAGES, Job, JobStatus, Stage

State = Literal["pending", "active", "completed", "failed", "skipped"]
"""CONTRACT.md section 7; `skipped` is ours."""

_STATES: Final[dict[JobStatus, State]] = {
    "queued": "pending", "running": "active", "done": "completed", "failed": "failed", "skipped": "skipped",
}  # fmt: skip
_ICONS: Final[dict[State, str]] = {
    "pending": "clock", "active": "busy", "completed": "check", "failed": "cross", "skipped": "skip",
}  # fmt: skip


class Step(NamedTuple):
    name: str
    state: State
    icon: str
    took_ms: int | None
    """None before its end."""
    running_ms: int | None
    """So long by now; None when it is not running."""
    told: str
    """What it did, why it was skipped, or the first line of why it failed."""


def steps_of(jobs: Sequence[Job], *, now_ms: int) -> list[Step]:
    """All five, also of a session that nobody asked to enrich."""
    by_stage = {job.stage: job for job in jobs}
    return [_step(stage, by_stage.get(stage), now_ms) for stage in STAGES]


def name_of(stage: Stage) -> str:
    return str(stage).replace("_", " ").title()


def state_of(job: Job) -> State:
    return _STATES[job.status]


def _step(stage: Stage, job: Job | None, now_ms: int) -> Step:
    state: State = "pending" if job is None else state_of(job)
    if job is None:
        return Step(name_of(stage), state, _ICONS[state], None, None, "")
    running_ms = max(0, now_ms - job.started_at_ms) if state == "active" and job.started_at_ms is not None else None
    error = (job.last_error or "").strip().partition("\n")[0]
    told = error if state == "failed" else job.detail or ""
    return Step(name_of(stage), state, _ICONS[state], job.duration_ms, running_ms, told)
