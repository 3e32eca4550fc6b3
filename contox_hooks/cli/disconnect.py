"""`contox-hooks disconnect` (also `pause`, `desync`): deliver what waits, then stop delivering and watching."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.clean import clean
from contox_hooks.cli.connect_backlog import outbox_of
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import emit_json, plural, progress, say
from contox_hooks.connection import Connection, forget_connection, keep_connection, read_connection
from contox_hooks.domain.error import NotConnected, StoreDamaged, StoreError
from contox_hooks.segment import refresh_segment

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly

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

    What waits is delivered first, as far as it can be; the rest stays and goes out after `connect`. Interrupted, it
    pauses all the same. With --forget what waits is nobody's: it goes out only after `connect --backlog deliver`.

    JSON: state (paused, already_paused, forgotten); url; project: id, name (all "" of a damaged connection that is
    forgotten); waiting, quarantined: what was not delivered (null where it was not looked at); reason: why it waits, ""
    otherwise; notes.
    """
    from contox_hooks.cli.context import opened

    here = opened()
    try:
        known = read_connection(here.parts.state.root)
    except StoreError as error:
        if not forget:
            raise StoreError(
                error.message, hint=f"{error.hint}; contox-hooks disconnect --forget removes it"
            ) from error
        known = _NOBODY
    if known is None:
        raise NotConnected(
            "this repository is not connected to a server",
            hint="to pause capturing itself: contox-hooks settings set paused true",
        )
    was_paused = known.paused
    report, is_interrupted = None, False
    if not (was_paused or no_flush or known is _NOBODY):
        try:
            report = _flush(here.parts.repo.common_dir, timeout, told=not json)
        except KeyboardInterrupt:
            is_interrupted = True
    notes = []
    if forget and not is_interrupted:
        notes = _forget(here.parts, known)
    elif not was_paused:
        _pause(here.parts, known)
    if forget and is_interrupted:
        notes = ["nothing is forgotten: that was interrupted"]
        forget = False
    refresh_segment(here.parts)
    state = "forgotten" if forget else "already_paused" if was_paused else "paused"
    waiting, quarantined, reason = (None, None, "") if report is None else report
    _tell(known, state, waiting, quarantined, reason, notes, as_json=json)
    if is_interrupted:
        raise typer.Exit(130)


_NOBODY = Connection(url="", team_id="", project_id="", project_name="the damaged connection")
"""A connection whose file cannot be read, on its way out."""


def _tell(
    known: Connection, state: str, waiting: int | None, quarantined: int | None, reason: str, notes: list[str], *,
    as_json: bool,
) -> None:  # fmt: skip
    if as_json:
        project = {"id": known.project_id, "name": "" if known is _NOBODY else known.project_name}
        emit_json({
            "state": state, "url": known.url, "project": project, "waiting": waiting, "quarantined": quarantined,
            "reason": clean(reason), "notes": [clean(note) for note in notes],
        })  # fmt: skip
        return
    name = clean(known.project_name or known.project_id)
    say({
        "forgotten": f"{name}: disconnected and forgotten{'.' if notes else ', with its key and signing secret.'}",
        "already_paused": f"{name}: paused already; contox-hooks connect goes on.",
        "paused": f"{name}: paused. Nothing is sent or watched; contox-hooks connect goes on.",
    }[state])  # fmt: skip
    if waiting:
        then = "stay on this machine" if state == "forgotten" else "go out after contox-hooks connect"
        say(f"  {plural(waiting, 'event')} could not be delivered ({clean(reason)}): they {then}")
    if quarantined:
        say(f"  {plural(quarantined, 'capture')} refused by the server: contox-hooks outbox list")
    for note in notes:
        say(f"  ! {clean(note)}")
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


def _pause(parts: Assembly, known: Connection) -> None:
    """The mark first: a kill in between leaves what came before the pause to be delivered."""
    with outbox_of(parts, known) as (_, outbox):
        outbox.pause()
    keep_connection(parts.state.root, replace(known, paused=True))


def _forget(parts: Assembly, known: Connection) -> list[str]:
    """What could not be forgotten. The secrets first: should the keyring refuse, the connection is still there to name
    them."""
    from contox_hooks.credential import forget_credentials

    if known is _NOBODY:
        forget_connection(parts.state.root)
        return ["nobody knows which key and signing secret it had: they stay where they are kept"]
    notes = []
    try:
        forget_credentials(known.url, known.project_id)
    except StoreDamaged as error:
        notes.append(f"{error.message}: whether it holds the key and signing secret is not known; remove it by hand")
    forget_connection(parts.state.root)
    with outbox_of(parts, known) as (_, outbox):
        outbox.release()
    return notes
