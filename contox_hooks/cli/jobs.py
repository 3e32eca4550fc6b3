"""`contox-hooks jobs [SESSION]`: the pipeline's stages for a session, with whole errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from contox_hooks.domain.pipeline import Job

app = typer.Typer(add_completion=False)


@app.command()
def command(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="First characters of its id.")] = None,
    json: Json = False,
) -> None:
    """Show the stages of a session's newest run; without an id of the active session, else the newest.

    JSON: session_id; pipeline {total_steps, completed_steps, failed_steps, status}; jobs [{id, stage, status (queued,
    running, done, failed, skipped), attempts, queued_at_ms, started_at_ms, finished_at_ms, duration_ms, last_error,
    detail}]. Times are milliseconds since the epoch.
    """
    from contox_hooks.cli.pick import looked, session_named
    from contox_hooks.cli.render import clean, duration, emit_json, moment, say, table
    from contox_hooks.domain.pipeline import fold_pipeline

    here = looked(told=not json)
    found = session_named(here, session)
    jobs = here.parts.service.jobs.of_session(found.id)
    if json:
        listed = [{"id": job.id, **job_object(job)} for job in jobs]
        emit_json({"session_id": found.id, "pipeline": fold_pipeline(jobs), "jobs": listed})
        return
    if not jobs:
        say(f"nobody asked for the pipeline yet: contox-hooks enrich {found.id}")
        return
    table(
        ("stage", "status", "tries", "started", "took", "detail"),
        [
            (
                job.stage.label, job.status, job.attempts,
                "" if job.started_at_ms is None else moment(job.started_at_ms / 1000),
                "" if job.duration_ms is None else duration(job.duration_ms),
                job.detail,
            )
            for job in jobs
        ],
    )  # fmt: skip
    for job in jobs:
        if job.last_error and job.status == "failed":
            say(f"✗ {job.stage.label}: {clean(job.last_error)}")
            say(f"  → contox-hooks retry {found.id}")


def job_object(job: Job) -> dict[str, Any]:
    return {
        "stage": job.stage,
        "status": job.status,
        "attempts": job.attempts,
        "queued_at_ms": job.queued_at_ms,
        "started_at_ms": job.started_at_ms,
        "finished_at_ms": job.finished_at_ms,
        "duration_ms": job.duration_ms,
        "last_error": job.last_error,
        "detail": job.detail,
    }
