"""`contox-hooks status`: one screen that says what an editor's status bar and notifications would.

Invariant: it answers whatever is broken; only where there is nothing to tell of (no repository, nothing captured here)
does it fail.
"""

from __future__ import annotations

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.screen import show_status

app = typer.Typer(add_completion=False)


@app.command()
def command(json: Json = False) -> None:
    """What is captured, the active session, the pipeline, and what needs attention.

    Exits 0 also when something needs attention: read `problems`.

    JSON: repository; project {id, name}; state (capturing, paused, unknown); session {id, source, started_at,
    event_count} or null; last_save_at; pipeline {status (pending, running, done, failed), line, stages [{stage, status,
    attempts, duration_ms, last_error, detail}], pending_runs, failed [{session_id, stage, last_error}]}; memory (items
    by status); sessions; events; unprocessed (commits not in memory yet); gaps {undelivered, unseen, lost}; remote
    (null where not connected) {server, project_id, project_name, paused, waiting (events), quarantined (captures),
    sending, circuit {cause, reason, failures, rests_until}}; spend, of a language model (null without one), as in
    `settings --json`; notes; problems [{text, command}]. What cannot be read is null. Times are seconds since the
    epoch.
    """
    show_status(as_json=json)
