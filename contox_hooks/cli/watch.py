"""`contox-hooks watch`: sessions and pipelines as they go. Each wake looks for new commits too, hooks or no hooks.

Reads the stores anew at every wake, so that a store that was replaced, or settings that were changed, are seen. What is
worth telling is follow.py's.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.cli.follow import Follower, Notice, Reading
    from contox_hooks.memory.service import Service

app = typer.Typer(add_completion=False)

SESSIONS_S = 2.0
PIPELINE_S = 0.5
"""While a run is under way."""
_SESSIONS_SHOWN = 20


@app.command()
def command(
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="Stop after so long.")
    ] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing is left to do.")] = False,
    json: Json = False,
) -> None:
    """Follow sessions and the pipeline until Ctrl-C.

    JSON: one object a line, each with kind and at (seconds since the epoch). watching: project, session_id, events,
    last_save_at. session: session_id, source, summary, new. event: session_id, type, what. stage: session_id, run_id,
    stage, status (pending, running, done, failed, skipped), duration_ms, attempts, detail, last_error. pipeline:
    session_id, run_id, status (pending, done, failed), line, last_error. closed_externally: session_id. saved:
    last_save_at. trouble: message, hint.
    """
    from contox_hooks.cli.context import opened

    watch = Watch(opened(drain=False), json=json)
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while True:
            watch.wake()
            pause_s = PIPELINE_S if watch.is_running else SESSIONS_S
            if until_idle and watch.is_idle:
                break
            if deadline is not None:
                pause_s = min(pause_s, deadline - time.monotonic())
                if pause_s <= 0:
                    break
            time.sleep(pause_s)
    except KeyboardInterrupt:
        pass
    finally:
        watch.leave()


class Watch:
    def __init__(self, here: Here, *, json: bool) -> None:
        from contox_hooks.cli.follow import Follower

        self._repo = here.parts.repo
        self._follower = Follower()
        self._json = json
        self._live = sys.stdout.isatty() and not json
        self._line = ""
        self._told: str | None = None
        self._greeted = False
        self._looked_at = float("-inf")
        self._is_busy = False
        self.is_running = False
        self.is_idle = False

    def wake(self) -> None:
        """One look. Drains every two seconds, reads the pipeline each time."""
        from contox_hooks.assembly import Assembly
        from contox_hooks.cli.context import Here
        from contox_hooks.domain.error import Error

        here = Here(Assembly(self._repo))
        try:
            if time.monotonic() - self._looked_at >= SESSIONS_S:
                self._drain(here)
            self._read(here)
        except Error as error:
            self._trouble(error)
            self.is_running, self.is_idle = False, True
        finally:
            if "service" in vars(here.parts):
                here.parts.service.close()

    def leave(self) -> None:
        self._clear()
        sys.stdout.flush()

    def _drain(self, here: Here) -> None:
        from contox_hooks.domain.error import Error

        try:
            self._is_busy = here.drain() is None  # another drain is at it, and may yet ask for a run
            self._told = None
        except Error as error:
            self._trouble(error)
        if not self._is_busy:
            self._looked_at = time.monotonic()

    def _read(self, here: Here) -> None:
        from contox_hooks.domain.event import SOURCE_HOOKS

        service, project_id = here.parts.service, here.parts.project.id
        if not self._greeted:
            self._greet(service, project_id)
        reading = read(service, project_id, self._follower)
        notices = self._follower.fold(reading)
        if any(notice.kind == "closed_externally" for notice in notices):
            self._drain(here)  # what was pending goes into the session that is over
        for notice in notices:
            self._tell(notice)
        due = service.jobs.pending(project_id=project_id)
        if due:
            here.parts.start_worker()  # one that was killed leaves its run behind
        self.is_running = self._is_busy or bool(due) or bool(self._follower.open_runs)
        self.is_idle = not due and not self._is_busy
        saved_at = service.sessions.last_event_at(project_id, source=SOURCE_HOOKS)
        if saved_at is not None and any(notice.data.get("line") and not self.is_running for notice in notices):
            self._saved(saved_at)
        self._show_live(reading, saved_at)

    def _greet(self, service: Service, project_id: str) -> None:
        from contox_hooks.cli.render import ago, clean, plural

        self._greeted = True
        status = service.status(project_id)
        active = status.active
        events = 0 if active is None else active.event_count
        saved = f", last save {ago(status.last_save_at)}" if status.last_save_at else ""
        self._put(
            f"Watching {clean(status.project.name)}: {plural(events, 'event')} in the session{saved}. Ctrl-C ends.",
            {
                "kind": "watching",
                "project": status.project.name,
                "session_id": None if active is None else active.id,
                "events": events,
                "last_save_at": status.last_save_at,
            },
        )

    def _tell(self, notice: Notice) -> None:
        self._put(notice.text, {"kind": notice.kind, **notice.data})

    def _saved(self, at_utc: int) -> None:
        from contox_hooks.cli.render import ago

        self._put(f"last save {ago(at_utc)}", {"kind": "saved", "last_save_at": at_utc})

    def _trouble(self, error: Any) -> None:
        from contox_hooks.cli.render import clean

        if error.message != self._told:
            self._told = error.message
            hint = f"\n  → {clean(error.hint)}" if error.hint else ""
            data = {"kind": "trouble", "message": error.message, "hint": error.hint}
            self._put(f"! {clean(error.message)}{hint}", data)

    def _put(self, text: str, data: dict[str, Any]) -> None:
        from contox_hooks.cli.render import emit_json_line, say

        self._clear()
        if self._json:
            emit_json_line({"at": int(time.time()), **data})
        else:
            say(text)
        sys.stdout.flush()

    def _show_live(self, reading: Reading, saved_at: int | None) -> None:
        if not self._live:
            return
        from contox_hooks.cli.render import ago, duration
        from contox_hooks.domain.pipeline import stage_line

        running = next((jobs for jobs in reading.runs.values() if any(job.status == "running" for job in jobs)), None)
        line = f"last save {ago(saved_at)}" if saved_at else "nothing saved yet"
        if running is not None:
            job = next(job for job in running if job.status == "running")
            line = f"{stage_line(running)}  {duration(max(0.0, time.time() * 1000 - (job.started_at_ms or 0)))}"
        room = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be cleared
        line = line if len(line) <= room else f"{line[: room - 1]}…"
        if line != self._line:
            self._clear()
            sys.stdout.write(line)
            sys.stdout.flush()
            self._line = line

    def _clear(self) -> None:
        if self._line:
            sys.stdout.write("\r\x1b[2K")
            self._line = ""


def read(service: Service, project_id: str, follower: Follower) -> Reading:
    """What the follower compares: few rows, whatever the store holds."""
    from contox_hooks.cli.follow import Reading

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
