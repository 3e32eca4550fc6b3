"""`contox-hooks enrich [SESSION|--all] [--dry-run]`: turn commits into memory now, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import UsageError

app = typer.Typer(add_completion=False)


@app.command()
def command(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="First characters of its id.")] = None,
    all_sessions: Annotated[bool, typer.Option("--all", help="Every session with commits not in memory yet.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the prompts a model would get and their cost; send and write nothing."),
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Let the model read what rules read in its stead, history too."),
    ] = False,
    json: Json = False,
) -> None:
    """Run the pipeline now, also when auto-learn is off; without an id for the active session, else the newest.

    JSON: runs [{id, session_id, status, line, jobs (as `jobs` lists them)}]; none when everything is in memory already.
    With --dry-run: model, calls, prompt_tokens (estimated), answer_tokens and micro_dollars (at most; null: nobody
    knows the price), prompts [{session_id, chunk_no, commits, refused (null, or why rules read it and it is not in the
    sums), known_items, left_out, prompt_tokens, answer_tokens,
    micro_dollars, system, user, schema}]. Commits that no drain has found yet are not in it.
    """
    from contox_hooks.cli.context import opened
    from contox_hooks.cli.foreground import run_through
    from contox_hooks.cli.pick import looked, session_named
    from contox_hooks.cli.render import emit_json, say

    if session is not None and all_sessions:
        raise UsageError("a session or --all, not both", hint="contox-hooks enrich --all")
    here = opened(drain=False) if dry_run else looked(told=not json)
    service, project_id = here.parts.service, here.parts.project.id
    if dry_run:
        from contox_hooks.cli.enrich_preview import show_preview

        unread = service.jobs.unprocessed_sessions(project_id)
        sessions = unread if all_sessions else [session_named(here, session).id]
        if again and session is None:
            from contox_hooks.cli.wanting import wanting_sessions

            sessions = list(dict.fromkeys([*sessions, *wanting_sessions(here.parts)]))
        show_preview(here, sessions, json=json, history=again)
        return
    if all_sessions:
        here.parts.drain().ask_for_runs()  # what auto-learn left
        wanted = service.jobs.unprocessed_sessions(project_id)
    else:
        wanted = [session_named(here, session).id]
    if again:
        from contox_hooks.cli.wanting import reopen

        wanted = reopen(here.parts, wanted, every=session is None)
    queued = {run.session_id for run in service.jobs.pending(project_id=project_id)}
    service.jobs.request(wanted, trigger="manual")
    queued |= {run.session_id for run in service.jobs.pending(project_id=project_id)}
    due = [session_id for session_id in wanted if session_id in queued]
    if due:
        run_through(here.parts, due, json=json, history=again)
    elif json:
        emit_json({"runs": []})
    else:
        say("nothing to do: every commit is in memory")
    if not json:
        from contox_hooks.cli.wanting import wanting_line

        if line := wanting_line(here.parts):
            say(line)
