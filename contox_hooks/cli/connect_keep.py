"""The end of `connect`: everything is known; it is kept, and told, or with `--dry-run` only shown.

Invariant: whichever step of `keep` fails, the old connection is in force or the new one is whole.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contox_hooks.cli import connect_ask
from contox_hooks.cli.clean import clean, escaped_json
from contox_hooks.cli.connect_backlog import Backlog, backlog, leave_out, left_count, outbox_of
from contox_hooks.cli.render import emit_json, plural, say
from contox_hooks.connection import Connection, connection_path, keep_connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.domain.delivery import Circuit
from contox_hooks.domain.error import StoreError
from contox_hooks.segment import refresh_segment
from contox_hooks.send import ask_auto_learn
from contox_hooks.vendor import PROJECT_FILE, VendorProject, project_text, read_project, write_project

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly

SHOWN = 20
"""Captures that a dry run shows, as `outbox show` does."""


@dataclass(frozen=True, slots=True)
class Plan:
    connection: Connection
    project: VendorProject
    credentials: Credentials
    keeps_credentials: bool
    is_resumed: bool
    was_paused: bool
    starts_over: bool
    """Nothing that waits belongs to this connection: it is new, or the repository was connected elsewhere since."""
    writes_project: bool
    """`.contox.json`, where there is a work tree."""
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Kept:
    credentials: str | None
    project_file: Path | None
    is_written: bool
    waiting: int
    left: int
    skipped: int


def keep(parts: Assembly, plan: Plan, *, deliver: bool | None, asks: bool, as_json: bool) -> None:
    """`deliver`: as --backlog says, None where it is not given. Raises StoreError, Busy."""
    leaves = [] if plan.is_resumed else _leaves(parts)
    connection, where = plan.connection, None
    with outbox_of(parts, connection) as (store, outbox):
        if deliver is None and asks and plan.was_paused and (count := outbox.meanwhile_count()):
            deliver = connect_ask.ask_backlog(plural(count, "event"))
        if plan.keeps_credentials:
            where = keep_credentials(connection.url, connection.project_id, plan.credentials)
        skipped = leave_out(outbox, deliver=deliver, starts_over=plan.starts_over)
        keep_connection(parts.state.root, connection)
        waiting = outbox.bind(deliver_existing=deliver is True)  # a kill before it: the sender does that, bind_again
        outbox.resume()
        outbox.keep_circuit(Circuit())  # the key was just looked at: what was parked goes on at once
        if not plan.is_resumed:
            ask_auto_learn(outbox, connection)
        left = left_count(store, connection)
    notes = list(plan.notes)
    root = parts.repo.work_tree
    is_written = root is not None and plan.writes_project and _is_written(root, plan.project, notes)
    kept = _Kept(where, root / PROJECT_FILE if root else None, is_written, waiting, left, skipped)
    refresh_segment(parts)
    parts.start_sender()
    if as_json:
        emit_json({
            "state": "resumed" if plan.is_resumed else "connected", **_named(plan),
            "credentials": kept.credentials, "project_file": kept.project_file,
            "project_file_written": kept.is_written, "waiting": kept.waiting, "left": kept.left,
            "skipped": kept.skipped, "notes": notes,
        })  # fmt: skip
    else:
        _tell(plan, kept, leaves, notes)


def _is_written(root: Path, project: VendorProject, notes: list[str]) -> bool:
    """Delivery does without this file: that it cannot be written is a note."""
    try:
        return write_project(root, project)
    except StoreError as error:
        notes.append(f"{error.message}; Contox's own tools do not know the project: repeat with --project")
        return False


def _tell(plan: Plan, kept: _Kept, leaves: list[str], notes: list[str]) -> None:
    connection = plan.connection
    name = clean(connection.project_name or connection.project_id)
    if plan.is_resumed:
        say(f"{name}: {'delivering again' if plan.was_paused else 'connected already'}, {connection.url}")
    else:
        say(f"{name}: connected to {connection.url}")
    for line in leaves:
        say(f"  {line}")
    if kept.credentials:
        say(f"  key and signing secret are kept in {clean(kept.credentials)}")
    if kept.is_written:
        say(f"  {PROJECT_FILE} names the project for Contox's own tools; it holds no secret")
    if kept.skipped:
        say(f"  {plural(kept.skipped, 'event')} captured meanwhile: left here")
    say(f"  {plural(kept.waiting, 'event')} waiting")
    if kept.left and not plan.is_resumed:
        say(f"  {plural(kept.left, 'event')} from before, left here: contox-hooks connect --backlog deliver sends them")
    for note in notes:
        say(f"  ! {clean(note)}")


def _leaves(parts: Assembly) -> list[str]:
    """What leaves the machine, by the settings in force. Raises SettingError."""
    settings = parts.settings
    diffs = f", redacted diffs of up to {settings.diff_budget:,} characters" if settings.diffs else ""
    return [
        f"leaves this machine, for each commit: subject, body, branch, author's name, changed paths{diffs};",
        "  that branches were switched, merged or rewritten; names of files that the tracker saw saved;",
        "  what you or your AI tools tell contox-hooks: saved notes, scans, what `collect` gathers",
        "stays here: e-mail addresses, excluded files, what redaction takes out (contox-hooks outbox show)",
    ]


def show(parts: Assembly, plan: Plan, *, deliver: bool | None, as_json: bool) -> None:
    """What `keep` would write, and the bytes that would go out now."""
    connection = plan.connection
    with outbox_of(parts, connection) as (store, _):
        found = backlog(
            store, connection, deliver=deliver, starts_over=plan.starts_over, shown=SHOWN,
            skip_enrichment=not parts.settings.auto_learn,
        )  # fmt: skip
    bodies = [_body(plan, parcel.text, skip_enrichment=parcel.skip_enrichment) for parcel in found.parcels]
    writes = [{"path": str(connection_path(parts.state.root)), "text": json.dumps(asdict(connection), indent=2)}]
    root = parts.repo.work_tree
    if root is not None and plan.writes_project and not _names(root, plan.project):
        writes.append({"path": str(root / PROJECT_FILE), "text": project_text(plan.project)})
    if as_json:
        emit_json({
            "state": "dry_run", **_named(plan), "credentials": None, "writes": writes, "waiting": found.waiting,
            "left": found.left, "captures": found.captures, "shown": len(bodies), "bodies": bodies,
            "notes": plan.notes,
        })  # fmt: skip
        return
    _show(parts, plan, found, writes, bodies)


def _show(
    parts: Assembly, plan: Plan, found: Backlog, writes: list[dict[str, str]], bodies: list[str]
) -> None:  # fmt: skip
    name = clean(plan.connection.project_name or plan.connection.project_id)
    say(f"dry run: {name} on {plan.connection.url}; nothing is kept, no event is sent")
    for line in _leaves(parts):
        say(f"  {line}")
    for note in plan.notes:
        say(f"  ! {clean(note)}")
    for write in writes:
        say(f"would write {clean(write['path'])}:")
        say(clean(write["text"].rstrip("\n"), lines=True))
    if plan.keeps_credentials:
        say("would keep key and signing secret in the system keyring, else in a file for you alone")
    travel = f" in {plural(found.captures, 'capture')}" if found.captures else ""
    say(f"would send {plural(found.waiting, 'event')}{travel}, POST {plan.connection.url}/api/v2/ingest:")
    if len(bodies) < found.captures:
        say(f"  (the first {len(bodies)} captures are shown)")
    if bodies and not plan.credentials.secret:
        say("  (the signing secret comes from the server: until then the signature is zeros)")
    for body in bodies:
        # Bytes as they are for a program that reads them; a terminal gets no control character.
        say(escaped_json(body) if sys.stdout.isatty() else body)
    if found.left:
        say(f"{plural(found.left, 'event')} from before, left here: --backlog deliver sends them")


def _body(plan: Plan, event_text: str, *, skip_enrichment: bool) -> str:
    """As the sender writes it; time, nonce and signature are made anew at each try."""
    from contox_hooks.wire.body import signed_body

    return signed_body(
        plan.credentials.secret, source=plan.connection.source, project_id=plan.connection.project_id,
        event_text=event_text, at=time.time(), nonce=str(uuid.uuid4()), skip_enrichment=skip_enrichment,
    ).decode()  # fmt: skip


def _named(plan: Plan) -> dict[str, Any]:
    connection = plan.connection
    return {
        "url": connection.url, "team_id": connection.team_id,
        "project": {"id": connection.project_id, "name": connection.project_name}, "source": connection.source,
    }  # fmt: skip


def _names(root: Path, project: VendorProject) -> bool:
    from contox_hooks.domain.error import UsageError

    try:
        found = read_project(root, parents=0)
    except UsageError:
        return False
    return found is not None and found.project_id == project.project_id
