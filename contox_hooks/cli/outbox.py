"""`contox-hooks outbox`: what waits for the server, what it refuses, and the exact bytes that would go out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import NotConnected, UsageError

if TYPE_CHECKING:
    from contox_hooks.capture.outbox import Outbox, Parcel
    from contox_hooks.cli.context import Here

app = typer.Typer(
    add_completion=False, help="What waits for the server, and what it refuses. Without a command: list them."
)

_ID = typer.Argument(metavar="ID...", min=1, max=2**63 - 1, help="As `outbox list` shows them.")
Ids = Annotated[list[int] | None, _ID]
All = Annotated[bool, typer.Option("--all", help="All that are quarantined.")]


@app.callback(invoke_without_command=True)
def _listing(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """What waits and what is quarantined.

    JSON: server, project_id, paused, waiting (events), circuit {cause, reason, rests_until, failures}, captures
    [{id, state (waiting, quarantined, dropped), events, first_at, failures, due_at, last_error, hash}].
    """
    from contox_hooks.cli.clean import clean, cut
    from contox_hooks.cli.render import emit_json, moment, plural, say, table

    with _outbox() as (here, outbox):
        waiting = outbox.waiting()
        parcels = outbox.parcels("waiting", "quarantined", "dropped")
        connection = here.parts.connection
        assert connection is not None
        if json:
            emit_json({
                "server": connection.url, "project_id": connection.project_id, "paused": connection.paused,
                "waiting": waiting.events,
                "circuit": {
                    "cause": waiting.circuit.cause, "reason": clean(waiting.circuit.reason),
                    "rests_until": waiting.circuit.rests_until, "failures": waiting.circuit.failures,
                },
                "captures": [_row(parcel) for parcel in parcels],
            })  # fmt: skip
            return
        say(f"{plural(waiting.events, 'event')} waiting for {clean(connection.project_name or connection.project_id)}.")
        if waiting.circuit.reason:
            say(f"  {clean(waiting.circuit.reason)}")
        if parcels:
            rows = [
                (
                    str(parcel.id), parcel.state, plural(parcel.events, "event"), moment(parcel.first_at),
                    f"{parcel.failures}", cut(clean(parcel.last_error or ""), 80),
                )
                for parcel in parcels
            ]  # fmt: skip
            table(("id", "state", "events", "from", "failures", "last error"), rows)


@app.command()
def show(
    ids: Ids = None,
    wire: Annotated[bool, typer.Option("--wire", help="The exact bytes of each request's body.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many captures.")] = 20,
    json: Json = False,
) -> None:
    """What would be sent next, one JSON text a line: the captured event, or with --wire the whole body of the request.

    Nothing is sent and nothing changes. Time, nonce and so the signature are made anew at each try.

    JSON: captures [{events, text: as it would be sent}].
    """
    from contox_hooks.cli.clean import escaped_json
    from contox_hooks.cli.render import emit_json
    from contox_hooks.send import skips_enrichment

    with _outbox() as (here, outbox):
        if ids:
            parcels = [outbox.parcel(parcel_id) for parcel_id in ids]
            _refuse_delivered(parcels)
        else:
            skips = skips_enrichment(here.parts, outbox)
            parcels = outbox.preview(limit, now=time.time(), skip_enrichment=skips)
        bodies = [(parcel.events, _body(here, parcel).decode() if wire else parcel.text) for parcel in parcels]
    if json:
        emit_json({"captures": [{"events": events, "text": text} for events, text in bodies]})
        return
    for _, text in bodies:
        # Bytes as they are for a program that reads them; a terminal gets no control character.
        sys.stdout.write((escaped_json(text) if sys.stdout.isatty() else text) + "\n")
    if not bodies:
        typer.echo("nothing waits", err=True)


@app.command()
def retry(ids: Ids = None, everything: All = False, json: Json = False) -> None:
    """Send quarantined captures again, now.

    JSON: retried (captures that wait again).
    """
    from contox_hooks.cli.render import emit_json, plural, say

    with _outbox() as (here, outbox):
        chosen = [outbox.parcel(parcel_id).id for parcel_id in ids or ()]
        if not chosen and not everything:
            raise UsageError("outbox retry: name captures, or --all", hint="contox-hooks outbox list")
        count = outbox.retry(None if everything else chosen, now=time.time())
        outbox.keep_circuit(outbox.circuit()._replace(rests_until=0.0))
        here.parts.start_sender()
    if json:
        emit_json({"retried": count})
    else:
        say(f"{plural(count, 'capture')} on the way again: contox-hooks outbox list")


@app.command()
def export(
    ids: Ids = None,
    everything: All = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of standard output.")] = None,
    json: Json = False,
) -> None:
    """Write quarantined captures, one JSON object a line, with and without --json.

    JSON: id, state, hash, events, first_at, failures, due_at, last_error, event (as it would be sent).
    """
    from json import dumps, loads

    from contox_hooks.cli.clean import escaped_json

    with _outbox() as (_, outbox):
        if not ids and not everything:
            raise UsageError("outbox export: name captures, or --all", hint="contox-hooks outbox list")
        parcels = outbox.parcels("quarantined") if everything else [outbox.parcel(number) for number in ids or ()]
        lines = [dumps({**_row(parcel), "event": loads(parcel.text or "null")}) for parcel in parcels]
    text = escaped_json("".join(f"{line}\n" for line in lines))
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text)
        output.chmod(0o600)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error


@app.command()
def drop(
    ids: Annotated[list[int], _ID],
    json: Json = False,
) -> None:
    """Do not send these captures; their commits stay on this machine, `outbox retry ID` takes it back.

    JSON: dropped (captures).
    """
    from contox_hooks.cli.render import emit_json, plural, say

    with _outbox() as (_, outbox):
        parcels = [outbox.parcel(parcel_id) for parcel_id in ids]
        _refuse_delivered(parcels)
        for parcel in parcels:
            outbox.drop(parcel, now=time.time())
    if json:
        emit_json({"dropped": len(parcels)})
    else:
        say(f"{plural(len(parcels), 'capture')} dropped; the commits stay on this machine.")


def _refuse_delivered(parcels: list[Parcel]) -> None:
    """Nothing of them is kept here."""
    sent = [str(parcel.id) for parcel in parcels if parcel.state == "delivered"]
    if sent:
        raise UsageError(f"already delivered: {', '.join(sent)}", hint="contox-hooks outbox list")


@contextmanager
def _outbox() -> Iterator[tuple[Here, Outbox]]:
    """Raises NotInitialised, NotConnected."""
    from contox_hooks.capture.outbox import Outbox
    from contox_hooks.capture.store import CaptureStore
    from contox_hooks.cli.context import opened

    here = opened()
    connection = here.parts.connection
    if connection is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    with CaptureStore.open(here.parts.state.database) as store:
        outbox = Outbox(store, connection)
        outbox.bind_again()
        yield here, outbox


def _body(here: Here, parcel: Parcel) -> bytes:
    from contox_hooks.link import Link

    assert here.parts.connection is not None
    return Link(here.parts.connection).body(parcel.text, source=parcel.source, skip_enrichment=parcel.skip_enrichment)


def _row(parcel: Parcel) -> dict[str, Any]:
    return {
        "id": parcel.id, "state": parcel.state, "events": parcel.events, "first_at": parcel.first_at,
        "failures": parcel.failures, "due_at": parcel.due_at, "last_error": parcel.last_error, "hash": parcel.hash,
    }  # fmt: skip
