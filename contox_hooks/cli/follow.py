"""What is new since the last reading, as notices: the pure half of `watch`.

Must not know the terminal, the stores or the clock. Invariant: each thing is told once, whoever made it happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.happening import what_happened
from contox_hooks.cli.pick import summary_text
from contox_hooks.cli.render import duration
from contox_hooks.domain.event import SOURCE_HOOKS, source_label
from contox_hooks.domain.pipeline import Job, PipelineStatus, fold_pipeline, stage_line
from contox_hooks.memory.session import Session, StoredEvent

CLOSED_EXTERNALLY = "Session closed externally — new session started."
"""CONTRACT.md section 8, word for word."""

DEFAULT_SUMMARY = "New session saved"
MAX_ERROR = 80
MAX_EVENTS = 10
"""Events told one by one at a time; a rebase is not a story."""


@dataclass(frozen=True, slots=True)
class Reading:
    sessions: Sequence[Session]
    """Newest first."""
    events: Mapping[str, Sequence[StoredEvent]]
    """Of sessions that grew since the last reading: what is new in them."""
    runs: Mapping[str, Sequence[Job]]
    """Run id to its stages: those under way, and those that the last reading had under way."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: str
    """session, event, stage, pipeline, closed_externally."""
    text: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Follower:
    """Told one reading after the other; what the first holds is known already, except runs that are under way."""

    counts: dict[str, int] = field(default_factory=dict)
    """Session id to its number of events."""
    open_runs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Run id to its jobs' states."""
    started: bool = False
    """Whether there was a reading before."""
    _over: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Run id to how it ended, and after how many tries: a retry ends it once more."""
    _active: str | None = None
    _summaries: dict[str, str] = field(default_factory=dict)

    def fold(self, reading: Reading) -> list[Notice]:
        notices = [*self._closed(reading), *self._sessions(reading), *self._runs(reading)]
        if not self.started:
            notices = [notice for notice in notices if notice.kind in ("stage", "pipeline")]
        self.started = True
        return notices

    def _closed(self, reading: Reading) -> Iterator[Notice]:
        for session in reading.sessions:
            if session.id == self._active and session.status != "active" and session.end_reason == "external":
                yield Notice("closed_externally", CLOSED_EXTERNALLY, {"session_id": session.id})
        active = (found for found in reading.sessions if found.status == "active" and found.source == SOURCE_HOOKS)
        self._active = next((session.id for session in active), None)

    def _sessions(self, reading: Reading) -> Iterator[Notice]:
        for session in reversed(reading.sessions):
            known = self.counts.get(session.id)
            summary = summary_text(session)
            if known is None or (summary and summary != self._summaries.get(session.id)):
                yield _session_notice(session, summary, is_new=known is None)
            if known is None or session.event_count > known:
                yield from _event_notices(session, reading.events.get(session.id, ()))
            self.counts[session.id] = session.event_count
            self._summaries[session.id] = summary

    def _runs(self, reading: Reading) -> Iterator[Notice]:
        for run_id, jobs in reading.runs.items():
            state = fold_pipeline(jobs).status
            ended = (state, sum(job.attempts for job in jobs))
            is_open = state in ("pending", "running")
            if self._over.get(run_id) == ended or (not self.started and not is_open):
                self._over[run_id] = ended
                continue
            before = self.open_runs.get(run_id)
            if before is None and state == "pending":
                yield _pipeline_notice(run_id, jobs, state)
            for job in jobs:
                if job.status != (before or {}).get(job.id, "queued"):
                    yield _stage_notice(job)
            if is_open:
                self.open_runs[run_id] = {job.id: job.status for job in jobs}
            else:
                self.open_runs.pop(run_id, None)
                self._over[run_id] = ended
                yield _pipeline_notice(run_id, jobs, state)


def _session_notice(session: Session, summary: str, *, is_new: bool) -> Notice:
    label = source_label(session.source)
    text = f"Session saved ({label}) — {summary or DEFAULT_SUMMARY}"
    data = {"session_id": session.id, "source": session.source, "summary": summary or DEFAULT_SUMMARY, "new": is_new}
    return Notice("session", text, data)


def _event_notices(session: Session, events: Sequence[StoredEvent]) -> Iterator[Notice]:
    if len(events) > MAX_EVENTS:
        left = len(events) - MAX_EVENTS
        yield Notice("event", f"… {left:,} events before these", {"session_id": session.id, "left_out": left})
    for stored in events[-MAX_EVENTS:]:
        what = what_happened(stored.event)
        data = {"session_id": session.id, "type": stored.event.type, "what": what, "at": stored.event.at_utc}
        yield Notice("event", f"{stored.event.type}  {what}", data)


_STAGE_TEXT = {"done": "✓ {}", "skipped": "– {} skipped", "failed": "✗ {} failed", "running": "… {} running"}


def _stage_notice(job: Job) -> Notice:
    text = _STAGE_TEXT.get(job.status, "○ {} pending").format(job.stage.label)
    if job.duration_ms is not None and job.status != "running":
        text += f" ({duration(job.duration_ms)})"
    why = job.last_error if job.status == "failed" else job.detail
    if why:
        text += f": {cut(clean(why), MAX_ERROR)}"
    data = {
        "session_id": job.session_id, "run_id": job.run_id, "stage": job.stage,
        "status": "pending" if job.status == "queued" else job.status,
        "duration_ms": job.duration_ms, "attempts": job.attempts, "detail": job.detail, "last_error": job.last_error,
    }  # fmt: skip
    return Notice("stage", f"  {text}", data)


def _pipeline_notice(run_id: str, jobs: Sequence[Job], state: PipelineStatus) -> Notice:
    line = stage_line(jobs)
    session_id = jobs[0].session_id if jobs else ""
    error = next((job.last_error for job in jobs if job.status == "failed"), None)
    text = f"Pipeline {_RUN_TEXT[state]}: {line}"
    if state == "failed":
        text += f" — {cut(clean(error or 'no reason given'), MAX_ERROR)}\n  → contox-hooks retry {session_id}"
    data = {"session_id": session_id, "run_id": run_id, "status": state, "line": line, "last_error": error}
    return Notice("pipeline", text, data)


_RUN_TEXT = {"pending": "pending", "running": "running", "done": "complete", "failed": "failed"}
