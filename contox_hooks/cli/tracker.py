"""`contox-hooks tracker`: follow what happens to files and commands while somebody works, in one log a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from contox_hooks.tracker.order import Order
    from contox_hooks.tracker.place import Place
    from contox_hooks.tracker.state import State

app = typer.Typer(add_completion=False, help="Follow files and commands, one log a session. Without a command: status.")

Root = Annotated[
    Path | None, typer.Argument(metavar="[ROOT]", help="A folder; without one, the work tree of the repository here.")
]


@app.callback(invoke_without_command=True)
def command(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        status(None, json)


@app.command()
def start(
    root: Root = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TEXT", help="What the session is about.")] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay here; Ctrl-C ends it.")] = False,
    json: Json = False,
) -> None:
    """Begin a session: `.context/session.md` tells what becomes of files. Exits 10 when the root is tracked already.

    JSON: root, and the fields of `tracker status`.
    """
    from contox_hooks.tracker.launch import start
    from contox_hooks.tracker.order import order_of
    from contox_hooks.tracker.place import place_of

    place = place_of(root)
    order = order_of(place, task)
    if foreground:
        _stay(place, order, json)
    else:
        _tell_start(place, start(place, order), json, "stop: contox-hooks tracker stop")


@app.command()
def stop(root: Root = None, json: Json = False) -> None:
    """End the session: the log's last line, its summary, and a file of its own in `.context/sessions/`.

    Exits 4 when no tracker runs. JSON: root, found_dead (it had been killed; its session is closed now), summary (the
    file; null when it could not be written), and the fields of `tracker status`.
    """
    from dataclasses import asdict

    from contox_hooks.cli.render import clean, emit_json, plural, say, warn
    from contox_hooks.tracker.close import has_summary
    from contox_hooks.tracker.launch import stop
    from contox_hooks.tracker.place import place_of

    place = place_of(root)
    state, found_dead = stop(place)
    summary = place.summary if has_summary(place, state.session) else None
    if json:
        told = {"root": place.root, "found_dead": found_dead, "summary": summary}
        emit_json({**told, **asdict(state)})
        return
    how = "it had died; its session is closed now" if found_dead else "stopped"
    say(f"✓ {how}: {plural(state.events, 'change')}" + (f"; {clean(str(summary))}" if summary else ""))
    if summary is None:
        warn("contox-hooks: no summary could be written\n  → contox-hooks tracker summary")


@app.command()
def status(root: Root = None, json: Json = False) -> None:
    """Whether a tracker runs, what it watches, the last event and the last command. Exits 0 either way, 7 when
    `.context` is a link or a file.

    JSON: running, root, status (running, stopped), session, task, pid, process (which process that pid means),
    started_at, stopped_at, watching [folder], last_event {timestamp, detail}, last_command {timestamp, command,
    status}, events (changes seen), gaps, unwritten (lines missing in the log), last_error {timestamp, detail}. What is
    not there is null; times are ISO 8601.
    """
    from contox_hooks.cli.tracker_status import show

    show(root, as_json=json)


@app.command()
def summary(root: Root = None, json: Json = False) -> None:
    """Write the session's summary anew and show it: of the one that runs, else of the last.

    JSON: root, path, text.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.tracker.close import write_summary
    from contox_hooks.tracker.place import place_of, unwritable

    place = place_of(root)
    place.create()
    try:
        text = write_summary(place)
    except OSError as error:
        raise unwritable(place.summary, error) from error
    if json:
        emit_json({"root": place.root, "path": place.summary, "text": text})
    else:
        say(clean(text, lines=True).rstrip("\n"))


@app.command()
def service(
    root: Root = None,
    systemd: Annotated[bool, typer.Option("--systemd", help="A systemd user unit.")] = False,
    launchd: Annotated[bool, typer.Option("--launchd", help="A launchd agent.")] = False,
    json: Json = False,
) -> None:
    """Print a unit that starts the tracker when you log in; without an option, this system's kind. Installs nothing.

    JSON: path (where such a file goes), text, command (that starts it).
    """
    import sys

    from contox_hooks.cli.render import emit_json, say, warn
    from contox_hooks.domain.error import UsageError
    from contox_hooks.tracker.place import place_of
    from contox_hooks.tracker.service import launchd_agent, service_name, systemd_unit

    if systemd and launchd:
        raise UsageError("--systemd and --launchd exclude each other")
    path = str(place_of(root).root)
    line = [sys.executable, "-E", "-P", "-m", "contox_hooks", "tracker", "start", "--foreground", path]
    name = service_name(path)
    if launchd or (not systemd and sys.platform == "darwin"):
        text, file = launchd_agent(line, path), f"~/Library/LaunchAgents/{name}.plist"
        command = f"launchctl load {file}"
    else:
        text, file = systemd_unit(line, path), f"~/.config/systemd/user/{name}.service"
        command = f"systemctl --user enable --now {name}"
    if json:
        emit_json({"path": file, "text": text, "command": command})
        return
    say(text.rstrip("\n"))
    warn(f"as {file}, then: {command}")


def _stay(place: Place, order: Order, json: bool) -> None:
    from contox_hooks.tracker.worker import Tracker

    place.create()
    Tracker(place, order).run(lambda state: _tell_start(place, state, json, "Ctrl-C ends it"))


def _tell_start(place: Place, state: State, json: bool, how: str) -> None:
    from dataclasses import asdict

    from contox_hooks.cli.render import clean, emit_json_line, say, warn

    if json:
        emit_json_line({"root": place.root, **asdict(state)})
    else:
        say(f"✓ tracking {clean(str(place.root))}, session {state.session}, pid {state.pid}; {how}")
    if not state.watching:
        warn("contox-hooks: nothing is watched: tracker_watch names no folder that is here")
    if state.last_error:
        warn(f"contox-hooks: {clean(state.last_error['detail'])}")
