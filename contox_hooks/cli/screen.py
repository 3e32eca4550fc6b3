"""What `status` prints: a glance as lines for people, or as one object for programs.

Must not import Typer: the front door calls `answer` past it (`__main__`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contox_hooks.cli.clean import clean
from contox_hooks.cli.context import opened
from contox_hooks.cli.glance import Glance, look
from contox_hooks.cli.render import ago, emit_json, plural, say, styled
from contox_hooks.domain.pipeline import fold_pipeline, stage_line

if TYPE_CHECKING:
    from contox_hooks.memory.service import Status


def answer(*, as_json: bool) -> bool:
    """Print the status; False when the command line has an error to tell."""
    try:
        show_status(as_json=as_json)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # also a reader that left: the command line handles each of them
        return False
    return True


def show_status(*, as_json: bool) -> None:
    """Raises RepositoryError, NotInitialised."""
    seen = look(opened(drain=False))
    if as_json:
        emit_json(_object(seen))
        return
    for line in lines(seen):
        say(styled(line, "yellow") if line.startswith("!") else line)


def pipeline_text(status: Status) -> str:
    """The newest run: its stages, or the failure with its error."""
    if not status.jobs:
        return "nothing to do yet"
    return stage_line(status.jobs)


def lines(seen: Glance) -> Iterator[str]:
    """What `status` says, without colours."""
    status, now = seen.status, time.time()
    doing = {True: "paused", False: "capturing", None: "settings unreadable"}[seen.paused]
    name = clean(status.project.name) if status is not None else seen.repository
    yield f"{name}: {doing}"
    if status is not None:
        yield f"  session   {_session_text(status, now)}"
        yield f"  pipeline  {pipeline_text(status)}"
        yield f"  memory    {_memory_text(status)}"
    if seen.spend is not None:
        yield f"  model     {seen.spend.line()}"
    if seen.remote is not None:
        yield f"  server    {seen.remote.line(now)}"
    for note in seen.notes:
        yield f"  note      {clean(note)}"
    for problem in seen.problems:
        yield f"! {problem.text}"
        yield f"  → {problem.command}"


def _session_text(status: Status, now: float) -> str:
    saved = f"saved {ago(status.last_save_at, now)}" if status.last_save_at else "nothing saved yet"
    if status.active is None:
        return f"none open, {saved}"
    began = ago(status.active.started_at, now)
    return f"{plural(status.active.event_count, 'event')}, began {began}, {saved}"


def _memory_text(status: Status) -> str:
    text = plural(status.items.get("active", 0), "item")
    return f"{text}, {status.to_review:,} to review: contox-hooks review" if status.to_review else text


def _object(seen: Glance) -> dict[str, Any]:
    status, gaps = seen.status, seen.gaps
    active = None if status is None else status.active
    return {
        "repository": seen.repository,
        "project": None if status is None else {"id": status.project.id, "name": status.project.name},
        "state": {True: "paused", False: "capturing", None: "unknown"}[seen.paused],
        "session": None
        if active is None
        else {
            "id": active.id,
            "source": active.source,
            "started_at": active.started_at,
            "event_count": active.event_count,
        },
        "last_save_at": None if status is None else status.last_save_at,
        "pipeline": None
        if status is None
        else {
            "status": "failed" if status.failed else fold_pipeline(status.jobs).status,
            "line": pipeline_text(status),
            "stages": [
                {
                    "stage": job.stage,
                    "status": job.status,
                    "attempts": job.attempts,
                    "duration_ms": job.duration_ms,
                    "last_error": job.last_error,
                    "detail": job.detail,
                }
                for job in status.jobs
            ],
            "pending_runs": status.pending_runs,
            "failed": [
                {"session_id": job.session_id, "stage": job.stage, "last_error": job.last_error}
                for job in status.failed
            ],
        },
        "memory": None if status is None else dict(status.items),
        "sessions": None if status is None else status.sessions,
        "events": None if status is None else status.events,
        "unprocessed": None if status is None else status.unprocessed,
        "gaps": None
        if gaps is None
        else {"undelivered": gaps.undelivered, "unseen": gaps.unseen or 0, "lost": gaps.lost_total},
        "remote": None if seen.remote is None else seen.remote.object(),
        "spend": None if seen.spend is None else seen.spend.object(),
        "notes": seen.notes,
        "problems": seen.problems,
    }
