"""`watch` on this machine's own memory: sessions and pipelines are read from its store at every wake."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contox_hooks.cli.follow import Follower, Reading
from contox_hooks.cli.render import ago, clean, duration, plural
from contox_hooks.cli.watch_look import LOOK_S, Look
from contox_hooks.domain.error import Error
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.domain.pipeline import stage_line
from contox_hooks.segment import refresh_segment

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.cli.watch_screen import Screen
    from contox_hooks.memory.service import Service

PIPELINE_S = 0.5
"""While a run is under way."""
_SESSIONS_SHOWN = 20
_NOTIFIED = {("session", None), ("pipeline", "done"), ("pipeline", "failed"), ("closed_externally", None)}


class LocalWatch:
    def __init__(self, look: Look, screen: Screen) -> None:
        self._look = look
        self._screen = screen
        self._follower = Follower()
        self._greeted = False
        self._is_running = False
        self.is_idle = False

    def wake(self) -> None:
        """One look. Drains every two seconds, reads the pipeline each time."""
        with self._look.here() as here:
            self._look.drain_if_due(here)
            try:
                self._read(here)
                self._screen.fine("memory")
            except Error as error:
                self._screen.trouble("memory", error)
                self._is_running, self.is_idle = False, True

    def pause(self, at_most_s: float) -> None:
        time.sleep(min(at_most_s, PIPELINE_S if self._is_running else LOOK_S))

    def leave(self) -> None:
        pass

    def _read(self, here: Here) -> None:
        service, project_id = here.parts.service, here.parts.project.id
        if not self._greeted:
            self._greet(service, project_id)
        reading = read(service, project_id, self._follower)
        notices = self._follower.fold(reading)
        if any(notice.kind == "closed_externally" for notice in notices):
            self._look.drain(here)  # what was pending goes into the session that is over
        for notice in notices:
            self._screen.put(notice.text, {"kind": notice.kind, **notice.data})
            if (notice.kind, notice.data.get("status")) in _NOTIFIED:
                self._screen.notify(notice.text.partition("\n")[0])
        has_due_runs = self._look.has_due_runs(here)
        self._is_running = self._look.is_busy or has_due_runs or bool(self._follower.open_runs)
        self.is_idle = not has_due_runs and not self._look.is_busy
        saved_at = service.sessions.last_event_at(project_id, source=SOURCE_HOOKS)
        if saved_at is not None and any(notice.data.get("line") and not self._is_running for notice in notices):
            self._screen.put(f"last save {ago(saved_at)}", {"kind": "saved", "last_save_at": saved_at})
        refresh_segment(here.parts)
        self._screen.show_live(_live_line(reading, saved_at))

    def _greet(self, service: Service, project_id: str) -> None:
        self._greeted = True
        status = service.status(project_id)
        active = status.active
        events = 0 if active is None else active.event_count
        saved = f", last save {ago(status.last_save_at)}" if status.last_save_at else ""
        self._screen.put(
            f"Watching {clean(status.project.name)}: {plural(events, 'event')} in the session{saved}. Ctrl-C ends.",
            {
                "kind": "watching",
                "project": status.project.name,
                "server": None,
                "session_id": None if active is None else active.id,
                "events": events,
                "last_save_at": status.last_save_at,
            },
        )


def _live_line(reading: Reading, saved_at: int | None) -> str:
    running = next((jobs for jobs in reading.runs.values() if any(job.status == "running" for job in jobs)), None)
    if running is None:
        return f"last save {ago(saved_at)}" if saved_at else "nothing saved yet"
    job = next(job for job in running if job.status == "running")
    return f"{stage_line(running)}  {duration(max(0.0, time.time() * 1000 - (job.started_at_ms or 0)))}"


def read(service: Service, project_id: str, follower: Follower) -> Reading:
    """What the follower compares: few rows, whatever the store holds."""
    sessions = service.sessions.page(project_id, limit=_SESSIONS_SHOWN)
    events = {}
    for session in sessions:
        known = follower.counts.get(session.id, 0 if follower.started else session.event_count)
        if session.event_count > known:
            newest = sorted(service.sessions.events(session.id), key=lambda stored: stored.id)[known:]
            events[session.id] = sorted(newest, key=lambda stored: (stored.event.at_utc, stored.id))
    latest = service.jobs.latest_run_of_project(project_id)
    runs = {run.id: service.jobs.of_run(run.id) for run in service.jobs.pending(project_id=project_id)[:50]}
    for run_id in [*follower.open_runs, *([latest.id] if latest is not None else [])]:
        runs.setdefault(run_id, service.jobs.of_run(run_id))
    return Reading(sessions, events, runs)
