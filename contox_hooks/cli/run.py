"""`contox-hooks run -- command`: run a command and log its outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli.option import Json

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def command(
    words: Annotated[list[str], typer.Argument(metavar="-- COMMAND [ARGUMENT]...")],
    output: Annotated[
        bool, typer.Option("--output", help="Log the last 20 lines of what it prints, too; it then has no terminal.")
    ] = False,
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="The tracker's, if it was given one.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a command as if typed by itself, and log how it ended and how long it took: `Ran: make -> Success in 2.1 s`.

    Its streams, signals and exit code are its own (127: not found; 128 and the number of the signal that ended it; of
    SIGINT, SIGTERM and SIGHUP this program then dies as well, so that Ctrl-C leaves a shell's loop). What it prints is
    not logged unless asked for. Prints nothing itself; a log that cannot be written is said on stderr and changes no
    exit code. In no repository it exits 3, and runs nothing. Its own options stand before the command.

    JSON: command, status, exit_code, logged; on stderr, when it has ended.
    """
    from contextlib import suppress
    from json import dumps

    from contox_hooks.cli.render import clean, warn
    from contox_hooks.domain.error import Error
    from contox_hooks.tracker.command import tell_command
    from contox_hooks.tracker.execute import die_of, execute
    from contox_hooks.tracker.place import place_of

    place = place_of(root)
    done = execute(words, keeps_output=output)
    trouble = ""
    try:
        tell_command(place, done.command, done.status, done.output)
    except Error as error:
        trouble = error.message
    with suppress(OSError):  # nobody reads it: no matter of the command
        if json:
            told = {"command": done.command, "status": done.status, "exit_code": done.exit_code, "logged": not trouble}
            warn(dumps(told))
        else:
            if not done.has_run:
                warn(f"contox-hooks: {clean(words[0])}: {clean(done.status)}")
            if trouble:
                warn(f"contox-hooks: not logged: {clean(trouble)}")
    die_of(done.signal)
    raise typer.Exit(done.exit_code)
