"""What is new on the server since the last answer, as notices: the pure half of `watch` in a connected repository.

Must not know HTTP, threads or the clock. Invariant: each thing is told once; nothing of what was there at the first
answer is news but pipelines under way; only our own source's session is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.follow import CLOSED_EXTERNALLY, DEFAULT_SUMMARY, MAX_ERROR, Notice
from contox_hooks.cli.pick import MAX_SUMMARY
from contox_hooks.domain.event import source_label
from contox_hooks.domain.pipeline import Stage
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.wire.session import RemoteJob, RemotePipeline, RemoteSession

_MARKS = {"done": "✓", "failed": "✗", "running": "…", "skipped": "–"}
_LABELS: dict[str, str] = {str(stage): stage.label for stage in Stage}
_OVER = ("done", "failed")


@dataclass(frozen=True, slots=True)
class Page:
    sessions: Sequence[RemoteSession]
    """Newest first."""
    own: RemoteSession | None
    """The open session of our source, wherever it stands."""
    at: float
    """When it came, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Jobs:
    session_id: str
    jobs: Sequence[RemoteJob]
    pipeline: RemotePipeline


@dataclass(frozen=True, slots=True)
class Gone:
    """The server does not know the session's pipeline any more."""

    session_id: str


@dataclass(slots=True)
class RemoteFollower:
    source: str
    """Whose sessions are ours."""
    base: str
    """The server's address, without a slash at its end."""
    own: RemoteSession | None = None
    saved_at: float | None = None
    """When the newest save was, by the server's clock."""
    runs: dict[str, Jobs] = field(default_factory=dict)
    """Pipelines under way, and the failed ones; the newest last."""
    _told: dict[str, RemoteSession] = field(default_factory=dict)
    """Every session as it was last seen."""
    _unsaved: set[str] = field(default_factory=set)
    """Open, with nothing in them yet."""
    _closed: set[str] = field(default_factory=set)
    _over: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _old: set[str] = field(default_factory=set)
    """There at the first answer: how their pipelines ended is no news."""
    _floor: float = float("-inf")
    """What the last page held was at least so new: an older session that appears is not a new one."""
    _has_looked: bool = False

    def fold_page(self, page: Page, *, ended: frozenset[str]) -> list[Notice]:
        """`ended`: sessions that `end-session` closed here."""
        is_shown = page.own is None or any(session.id == page.own.id for session in page.sessions)
        sessions = page.sessions if is_shown or page.own is None else [*page.sessions, page.own]
        notices = [*self._closure(page, ended), *self._saves(sessions)]
        if not self._has_looked:
            notices = []
            self._old.update(session.id for session in sessions)
        self._has_looked = True
        shown = [_moment(session) for session in page.sessions if not _is_empty(session)]
        self._floor = min(shown, default=float("-inf"))
        return notices

    def _closure(self, page: Page, ended: frozenset[str]) -> Iterator[Notice]:
        before, self.own = self.own, page.own
        if before is None or (page.own is not None and page.own.id == before.id):
            return
        now = next((session for session in page.sessions if session.id == before.id), None)
        if (now is not None and now.status == "active") or before.id in ended | self._closed:
            return
        self._closed.add(before.id)
        over_at = now.ended_at if now is not None and now.ended_at is not None else page.at
        if before.started_at is not None and over_at >= before.started_at + WINDOW_S:
            return  # its time was up
        data = {"session_id": before.id, "url": session_url(self.base, before.id)}
        yield Notice("closed_externally", CLOSED_EXTERNALLY, data)

    def _saves(self, sessions: Sequence[RemoteSession]) -> Iterator[Notice]:
        for session in reversed(sessions):
            before = self._told.get(session.id)
            self._told[session.id] = session
            if before is None and _is_empty(session):
                self._unsaved.add(session.id)
                continue
            is_new = before is None or session.id in self._unsaved
            if before is None and self._has_looked and _moment(session) < self._floor:
                self._old.add(session.id)  # one that others hid until they were deleted
                continue
            if before is not None and not _has_grown(before, session):
                continue
            self._unsaved.discard(session.id)
            yield self._save_notice(session, is_new=is_new)
        moments = [_moment(session) for session in sessions if not _is_empty(session)]
        self.saved_at = max((moment for moment in moments if moment != float("inf")), default=self.saved_at)

    def _save_notice(self, session: RemoteSession, *, is_new: bool) -> Notice:
        summary = cut(clean(session.summary), MAX_SUMMARY) or DEFAULT_SUMMARY
        text = f"Session saved ({clean(source_label(session.source))}) — {summary}"
        data = {
            "session_id": session.id, "source": session.source, "summary": summary, "new": is_new,
            "events": session.events, "url": session_url(self.base, session.id),
        }  # fmt: skip
        return Notice("session", text, data)

    def fold_jobs(self, found: Jobs) -> list[Notice]:
        before, pipeline = self.runs.pop(found.session_id, None), found.pipeline
        if pipeline.total == 0:
            self._old.discard(found.session_id)  # whatever runs from now on is news
            return []
        is_over = pipeline.status in _OVER
        if not is_over or pipeline.status == "failed":
            self.runs[found.session_id] = found
        end = tuple((job.id, job.status, job.attempts) for job in found.jobs) or (pipeline,)
        if is_over:
            was_told, self._over[found.session_id] = self._over.get(found.session_id) == end, end
            if was_told or (before is None and self._is_first_of_old(found.session_id)):
                return []
        self._old.discard(found.session_id)
        notices = []
        if before is None and pipeline.status == "pending":
            notices.append(self._pipeline_notice(found))
        if before is not None or not is_over:
            known = {} if before is None else {job.id: job.status for job in before.jobs}
            changed = (job for job in found.jobs if job.status != known.get(job.id, "pending"))
            notices += [_stage_notice(found.session_id, job) for job in changed]
        if is_over:
            notices.append(self._pipeline_notice(found))
        return notices

    def _is_first_of_old(self, session_id: str) -> bool:
        is_old = session_id in self._old
        self._old.discard(session_id)
        return is_old

    def fold_gone(self, found: Gone) -> None:
        self.runs.pop(found.session_id, None)

    def _pipeline_notice(self, found: Jobs) -> Notice:
        state, line = found.pipeline.status, jobs_line(found)
        error = next((job.last_error for job in found.jobs if job.status == "failed" and job.last_error), None)
        text = f"Pipeline {_RUN_TEXT[state]}: {line}"
        if state == "failed":
            text += f" — {cut(clean(error or ''), MAX_ERROR) or 'no reason given'}"
        data = {
            "session_id": found.session_id, "run_id": None, "status": state, "line": line, "last_error": error,
            "completed": found.pipeline.completed, "total": found.pipeline.total,
            "url": session_url(self.base, found.session_id),
        }  # fmt: skip
        return Notice("pipeline", text, data)


_RUN_TEXT = {"pending": "pending", "running": "running", "done": "complete", "failed": "failed"}


def session_url(base: str, session_id: str) -> str:
    """Where a browser shows the session: always on the server that we are connected to."""
    return f"{base}/dashboard/sessions/{quote(session_id, safe='', errors='replace')}"


def jobs_line(found: Jobs) -> str:
    """`✓ Enrichment  … Embedding  ○ Deduplication` (CONTRACT.md section 8); `2/5` where the server names no jobs."""
    told = "  ".join(f"{_MARKS.get(job.status, '○')} {_label(job)}" for job in found.jobs)
    return told or f"{found.pipeline.completed}/{found.pipeline.total}"


def _label(job: RemoteJob) -> str:
    return _LABELS.get(job.type.replace("-", "_"), cut(clean(job.type), 40) or "step")


_STAGE_TEXT = {"done": "✓ {}", "skipped": "– {} skipped", "failed": "✗ {} failed", "running": "… {} running"}


def _stage_notice(session_id: str, job: RemoteJob) -> Notice:
    text = _STAGE_TEXT.get(job.status, "○ {} pending").replace("{}", _label(job))
    why = cut(clean(job.last_error), MAX_ERROR) if job.status == "failed" else ""
    data = {
        "session_id": session_id, "run_id": None, "stage": job.type, "status": job.status,
        "duration_ms": None, "attempts": job.attempts, "detail": None, "last_error": job.last_error or None,
    }  # fmt: skip
    return Notice("stage", f"  {text}: {why}" if why else f"  {text}", data)


def _moment(session: RemoteSession) -> float:
    """When it was last written, as far as the server says; without a word it counts as new."""
    told = [moment for moment in (session.started_at, session.updated_at) if moment is not None]
    return max(told, default=float("inf"))


def _is_empty(session: RemoteSession) -> bool:
    """Opened, and nothing saved in it yet. A server that does not count is believed by its times."""
    if session.events or session.summary or session.status != "active":
        return False
    return session.updated_at is None or session.started_at is None or session.updated_at - session.started_at < 1


def _has_grown(before: RemoteSession, now: RemoteSession) -> bool:
    """Whether something was saved in between: enriching or closing a session changes its times as well."""
    if now.events != before.events:
        return now.events > before.events
    if now.summary and now.summary != before.summary:
        return True
    is_counted = now.events > 0
    return not is_counted and now.status == "active" and _moment(now) > _moment(before)
