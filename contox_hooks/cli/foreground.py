"""What became of runs in the foreground, for `enrich` and `retry`: one line a run, the failed stage as the error."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contox_hooks import work
from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.glance import MAX_ERROR
from contox_hooks.cli.jobs import job_object
from contox_hooks.cli.pipeline_run import run_in_foreground
from contox_hooks.cli.render import emit_json, plural, say
from contox_hooks.domain.error import StageFailed
from contox_hooks.domain.pipeline import Job, fold_pipeline, stage_line

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.memory.job import Run
    from contox_hooks.memory.service import Service

_POLL_S = 0.3


def run_through(parts: Assembly, session_ids: Sequence[str], *, json: bool, history: bool = False) -> None:
    """Run what is queued for these sessions, say what became of it. Raises StageFailed (exit 8) for the first failed
    stage, StoreError."""
    service = parts.service
    runs = [run for run in (service.jobs.latest_run(session_id) for session_id in session_ids) if run is not None]
    only = session_ids[0] if len(session_ids) == 1 else None
    if json:  # stderr is for the error alone
        while work.run(session_id=only, history=history).busy:
            time.sleep(_POLL_S)
    else:
        run_in_foreground(parts, session_id=only, history=history)
    results = [(run, service.jobs.of_run(run.id)) for run in runs]
    failed = [job for _, jobs in results for job in jobs if job.status == "failed"]
    if json and not failed:
        emit_json({"runs": [run_object(run.id, run.session_id, jobs) for run, jobs in results]})
    elif not json:
        _say(service, results)
    if failed:
        job = failed[0]
        raise StageFailed(
            f"{job.stage.label} failed: {cut(clean(job.last_error or 'no reason given'), MAX_ERROR)}",
            hint=f"contox-hooks jobs {job.session_id} shows it whole; then: contox-hooks retry {job.session_id}",
        )


def run_object(run_id: str, session_id: str, jobs: Sequence[Job]) -> dict[str, Any]:
    state = fold_pipeline(jobs)
    listed = [job_object(job) for job in jobs]
    return {"id": run_id, "session_id": session_id, "status": state.status, "line": stage_line(jobs), "jobs": listed}


def _say(service: Service, results: Sequence[tuple[Run, list[Job]]]) -> None:
    for run, jobs in results[:20]:
        items = service.sessions.get(run.session_id).items_extracted
        say(f"{stage_line(jobs)}  ({plural(items, 'item')})")
    if len(results) > 20:
        say(f"… and {plural(len(results) - 20, 'session')} more")
