"""The five stages, a job's states and what may follow what. Pure; the runner in pipeline/ executes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

EVENTS_PER_CHUNK = 10
"""CONTRACT.md section 5: ten events a chunk, one extraction each."""

MEANINGFUL_LINES = 3
"""CONTRACT.md section 5: bursts under three changed lines do not start the pipeline by themselves."""

JobStatus = Literal["queued", "running", "done", "failed", "skipped"]
PipelineStatus = Literal["pending", "running", "done", "failed"]


class Stage(StrEnum):
    ENRICH = "enrich"
    DEEP_ENRICH = "deep_enrich"
    EMBED = "embed"
    DEDUP = "dedup"
    DRIFT_CHECK = "drift_check"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Stage.ENRICH: "Enrichment",
    Stage.DEEP_ENRICH: "Deep Enrich",
    Stage.EMBED: "Embedding",
    Stage.DEDUP: "Deduplication",
    Stage.DRIFT_CHECK: "Drift Check",
}

STAGES: tuple[Stage, ...] = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Job:
    """One stage of one run of a session's pipeline. Times in milliseconds since the epoch."""

    id: str
    run_id: str
    session_id: str
    stage: Stage
    status: JobStatus = "queued"
    attempts: int = 0
    queued_at_ms: int = 0
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    last_error: str | None = None
    detail: str | None = None
    """What it did or why it was skipped, one line for people."""

    @property
    def duration_ms(self) -> int | None:
        if self.started_at_ms is None or self.finished_at_ms is None:
            return None
        return self.finished_at_ms - self.started_at_ms


@dataclass(frozen=True, slots=True)
class PipelineState:
    total_steps: int
    completed_steps: int
    failed_steps: int
    status: PipelineStatus


def fold_pipeline(jobs: Sequence[Job]) -> PipelineState:
    """A run's state from its jobs. Nothing to do counts as done, so that whoever polls stops (CONTRACT.md 0.6)."""
    completed = sum(job.status in ("done", "skipped") for job in jobs)
    failed = sum(job.status == "failed" for job in jobs)
    running = any(job.status == "running" for job in jobs)
    status: PipelineStatus
    if failed:
        status = "failed"
    elif completed == len(jobs):
        status = "done"
    elif running or completed:
        status = "running"
    else:
        status = "pending"
    return PipelineState(len(jobs), completed, failed, status)


def next_job(jobs: Sequence[Job]) -> Job | None:
    """The stage to run now: the first that is not over, in order; None when a failed one stands before it."""
    for stage in STAGES:
        for job in jobs:
            if job.stage is not stage:
                continue
            if job.status == "failed":
                return None
            if job.status in ("queued", "running"):
                return job
    return None


def decide_auto_run(*, auto_learn: bool, changed_lines: int) -> bool:
    """Whether a burst of commits starts the pipeline by itself."""
    return auto_learn and changed_lines >= MEANINGFUL_LINES


_MARKS = {"done": "✓", "failed": "✗", "running": "…", "skipped": "–"}


def stage_line(jobs: Sequence[Job]) -> str:
    """`✓ Enrichment  ✓ Deep Enrich  …`: ✓ done, ✗ failed, … running, – skipped, ○ waiting (CONTRACT.md section 8)."""
    by_stage = {job.stage: job.status for job in jobs}
    return "  ".join(f"{_MARKS.get(by_stage.get(stage, 'queued'), '○')} {stage.label}" for stage in STAGES)
