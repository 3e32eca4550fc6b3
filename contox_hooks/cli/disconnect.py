"""`contox-hooks disconnect` (also `pause`, `desync`): deliver what waits, then stop delivering and watching."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli.clean import clean
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import emit_json, plural, progress, say
from contox_hooks.connection import Connection, forget_connection, keep_connection, read_connection
from contox_hooks.domain.error import NotConnected
from contox_hooks.segment import refresh_segment

app = typer.Typer(add_completion=False)

TIMEOUT_S = 20.0


@app.command()
def command(
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, metavar="SECONDS", help="Deliver what waits for so long at most.")
    ] = TIMEOUT_S,
    no_flush: Annotated[bool, typer.Option("--no-flush", help="Deliver nothing more.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget the connection, and this project's key and secret, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Stop delivering to the server, and watching it, until `connect`. Commits go on being captured on this machine.

    What waits is delivered first, as far as it can be; the rest stays and goes out after `connect`.

    JSON: state (paused, already_paused, forgotten); url; project: id, name; waiting, quarantined: what was not
    delivered (null where it was not looked at); reason: why it waits, "" otherwise.
    """
    from contox_hooks.cli.context import opened

    here = opened()
    known = read_connection(here.parts.state.root)
    if known is None:
        raise NotConnected(
            "this repository is not connected to a server",
            hint="to pause capturing itself: contox-hooks settings set paused true",
        )
    was_paused = known.paused
    report = None
    if not (was_paused or no_flush):
        report = _flush(here.parts.repo.common_dir, timeout, told=not json)
    if forget:
        _forget(here.parts.state.root, known)
    elif not was_paused:
        keep_connection(here.parts.state.root, replace(known, paused=True))
    refresh_segment(here.parts)
    state = "forgotten" if forget else "already_paused" if was_paused else "paused"
    waiting, quarantined, reason = (None, None, "") if report is None else report
    if json:
        emit_json({
            "state": state, "url": known.url, "project": {"id": known.project_id, "name": known.project_name},
            "waiting": waiting, "quarantined": quarantined, "reason": clean(reason),
        })  # fmt: skip
        return
    name = clean(known.project_name or known.project_id)
    say({
        "forgotten": f"{name}: disconnected; connection, key and signing secret are forgotten.",
        "already_paused": f"{name}: paused already; contox-hooks connect goes on.",
        "paused": f"{name}: paused. Nothing is sent or watched; contox-hooks connect goes on.",
    }[state])  # fmt: skip
    if waiting:
        then = "stay on this machine" if forget else "go out after contox-hooks connect"
        say(f"  {plural(waiting, 'event')} could not be delivered ({clean(reason)}): they {then}")
    if quarantined:
        say(f"  {plural(quarantined, 'capture')} refused by the server: contox-hooks outbox list")
    say("  commits go on being captured on this machine")


def _flush(common_dir: Path, timeout_s: float, *, told: bool) -> tuple[int, int, str]:
    """Events left, captures refused, and why; whatever hinders delivery does not hinder the pause."""
    from contox_hooks.domain.error import Error
    from contox_hooks.send import flush

    before: list[int] = []
    try:
        with progress(None, "events") if told else nullcontext() as bar:

            def advance(left: int) -> None:
                if bar is not None and before and before[-1] > left:
                    bar.advance(before[-1] - left)
                before.append(left)

            return tuple(flush(common_dir, timeout_s=timeout_s, on_progress=advance))  # type: ignore[return-value]
    except Error as error:
        return (before[-1] if before else 0, 0, error.message)


def _forget(state_root: Path, known: Connection) -> None:
    """The secrets first: should the keyring refuse, the connection is still there to name them."""
    from contox_hooks.credential import forget_credentials

    forget_credentials(known.url, known.project_id)
    forget_connection(state_root)
