"""`contox-hooks collect`: commits, work in progress and agents' transcripts, gathered as one note."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, plural, say, warn
from contox_hooks.domain.error import UsageError
from contox_hooks.git.repository import locate

if TYPE_CHECKING:
    from contox_hooks.collecting import Collected
    from contox_hooks.domain.event import Event
    from contox_hooks.transcript.note import Found

app = typer.Typer(add_completion=False)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@app.command()
def command(
    since: Annotated[
        str | None, typer.Option("--since", metavar="2h|30m|1d", help="Pass by what is older; else all that is new.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored; nothing moves.")] = False,
    no_commits: Annotated[bool, typer.Option("--no-commits", help="Without commits.")] = False,
    no_transcripts: Annotated[bool, typer.Option("--no-transcripts", help="Without agents' transcripts.")] = False,
    json: Json = False,
) -> None:
    """Gather what was done since the last time: commits, work in progress, and what Claude Code and Codex CLI keep of
    their sessions in this repository (requests, files written, commands). Redacted, bounded, one event. The first time
    looks four hours back.

    JSON: stored; dryRun; paused; again: null, or the key of an earlier event that was handed over first; event: null
    where nothing is new, or type, key, source, at_utc (seconds since the epoch), payload (summary, changes: category,
    title, content); commits, files, requests, filesWritten, commands: how many; transcripts: tool to how many;
    passedOver: lines of transcripts that could not be read; commitsRead: the latest, whose files are among those that
    `files` counts; troubles: what could not be looked at, a line each.
    """
    from contox_hooks.assembly import Assembly
    from contox_hooks.collecting import Wanted, collect

    wanted = Wanted(None if since is None else _seconds(since), not no_commits, not no_transcripts)
    parts = Assembly(locate())
    if parts.state.database.exists() and parts.settings.paused:
        if json:
            emit_json({"stored": False, "dryRun": dry_run, "paused": True, "again": None, "event": None})
        else:
            say("nothing is collected: capture is paused (contox-hooks settings set paused false)")
        return
    collected = collect(parts, wanted, dry_run=dry_run)
    if not dry_run and (collected.event is not None or collected.again is not None):
        parts.start_drain()
    if json:
        emit_json(_object(collected, dry_run))
    else:
        _tell(collected, dry_run)


def _seconds(since: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhdw])", since)
    if found is None:
        raise UsageError(f"--since {since!r} is no span of time", hint="2h, 30m or 1d")
    return int(found[1]) * _UNITS[found[2]]


def _object(collected: Collected, dry_run: bool) -> dict[str, Any]:
    found, event = collected.found, collected.event
    return {
        "stored": event is not None and not dry_run,
        "dryRun": dry_run,
        "paused": False,
        "again": collected.again and collected.again.key,
        "event": event and {name: getattr(event, name) for name in event.__slots__},
        "commits": found.commits_total,
        "files": found.files_total,
        "requests": found.evidence.requests.total,
        "filesWritten": found.evidence.files.total,
        "commands": found.evidence.commands.total,
        "transcripts": dict(found.transcripts),
        "passedOver": collected.passed_over,
        "commitsRead": len(found.commits),
        "troubles": list(collected.troubles),
    }


def _tell(collected: Collected, dry_run: bool) -> None:
    if collected.again is not None and not dry_run:
        say("stored what an earlier collect had gathered")
    if collected.passed_over:
        warn(f"contox-hooks: {plural(collected.passed_over, 'line')} of transcripts passed over: too long, or no JSON")
    for trouble in collected.troubles:
        warn(f"contox-hooks: not looked at: {clean(trouble)}")
    if collected.event is None:
        say("nothing new since the last collect")
        return
    say(f"{'would store' if dry_run else 'stored'}: {_counted(collected.found)}")
    if dry_run:
        _show(collected.event)


def _counted(found: Found) -> str:
    told = [plural(found.commits_total, "commit")] if found.commits_total else []
    told += [found.files_told] if found.files else []
    evidence = found.evidence
    for part, noun in ((evidence.requests, "request"), (evidence.commands, "command")):
        told += [plural(part.total, noun)] if part.total else []
    tools = ", ".join(f"{name} {count}" for name, count in found.transcripts.items())
    return ", ".join(told) + (f" (transcripts: {tools})" if tools else "")


def _show(event: Event) -> None:
    say()
    say(clean(event.payload["summary"]))
    for change in event.payload["changes"]:
        say()
        say(f"{clean(change['title'])}:")
        for line in clean(change["content"], lines=True).rstrip("\n").split("\n"):
            say(f"  {line}".rstrip())
