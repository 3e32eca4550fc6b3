"""`contox-hooks uninstall`: take the hooks out; what was captured stays unless it is asked for."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from typing import Annotated

import typer

from contox_hooks.capture.state import State, state_of
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, say
from contox_hooks.domain.error import Busy, Refused, StoreError
from contox_hooks.git.repository import locate
from contox_hooks.lock import FileLock

app = typer.Typer(add_completion=False)

_WAIT_S = 3.0
"""A drain lingers for a second after the last commit."""


@app.command()
def command(
    purge: Annotated[bool, typer.Option("--purge", help="Also delete what was captured in this repository.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Take the hooks out, leaving every byte outside .git/contox as it was. What was captured stays.

    JSON: changed; purged; kept: the folder that stays, or null; notes.
    """
    from contox_hooks.capture.install import uninstall

    repo = locate()
    state = state_of(repo)
    if purge and state.exists and not yes:
        _ask(state, asking=not json)
    done = uninstall(repo)
    purged = purge and state.exists
    if purged:
        _purge(state)
    kept = str(state.root) if state.exists else None
    if json:
        emit_json({"changed": done.changed, "purged": purged, "kept": kept, "notes": list(done.notes)})
        return
    say(
        "hooks taken out, everything outside .git/contox is as it was" if done.changed else "no hooks of ours were here"
    )
    for text in done.notes:
        say(f"– {clean(text)}")
    if purged:
        say(f"{clean(str(state.root))} is deleted; the memory of this project stays in the user data folder")
    elif kept is not None:
        say(f"what was captured stays in {clean(kept)}; to delete it: contox-hooks uninstall --purge")


def _ask(state: State, *, asking: bool) -> None:
    if not asking or not sys.stdin.isatty():
        raise Refused(
            f"--purge would delete {state.root}", hint="if that is meant: contox-hooks uninstall --purge --yes"
        )
    typer.confirm(f"Delete {clean(str(state.root))} and all that was captured in it?", abort=True, err=True)


def _purge(state: State) -> None:
    until = time.monotonic() + _WAIT_S
    with FileLock(state.lock) as lock:
        while not lock.take():
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise Busy("a drain is at work in this repository", hint="try again in a moment")
        try:
            shutil.rmtree(state.root)
        except OSError as error:
            where = error.filename or state.root
            raise StoreError(
                f"{where} cannot be deleted: {error.strerror}", hint=f"rm -r {shlex.quote(str(state.root))}"
            ) from error
