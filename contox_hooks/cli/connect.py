"""`contox-hooks connect` (also `resume`): deliver to a server as well as to this machine; again, it goes on.

Nothing is kept before everything is known; a repository's own files never say where anything is sent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from contox_hooks.cli import connect_ask
from contox_hooks.cli.clean import clean
from contox_hooks.cli.connect_wanted import Wanted, checked_text, wanted
from contox_hooks.cli.option import Json
from contox_hooks.connection import DEFAULT_REQUESTS_PER_MINUTE, Connection, read_connection
from contox_hooks.credential import Credentials, kept_credentials
from contox_hooks.domain.error import Error, NotConnected, Refused, RemoteError, StoreError, UsageError
from contox_hooks.vendor import PROJECT_FILE, VendorProject, check_writable, read_project
from contox_hooks.wire.endpoint import DEFAULT_URL, Endpoint, parse_endpoint

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.cli.connect_keep import Plan
    from contox_hooks.cli.connect_link import Asked

app = typer.Typer(add_completion=False)

MAX_SOURCE = 50


@app.command()
def command(
    url: Annotated[str, typer.Option("--url", metavar="URL", help=f"The server; without it {DEFAULT_URL}.")] = "",
    team: Annotated[str, typer.Option("--team", metavar="ID", help="CONTOX_TEAM_ID says it too.")] = "",
    project: Annotated[str, typer.Option("--project", metavar="ID", help="CONTOX_PROJECT_ID says it too.")] = "",
    project_name: Annotated[str, typer.Option("--project-name", metavar="NAME", help="Names it without an ID.")] = "",
    source: Annotated[str, typer.Option("--source", help="What our sessions are called there (cli).")] = "",
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the API key from standard input; CONTOX_API_KEY has it too.")
    ] = False,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Allow http to another machine.")] = False,
    requests_per_minute: Annotated[
        int | None,
        typer.Option("--requests-per-minute", min=1, max=DEFAULT_REQUESTS_PER_MINUTE, help="Never more than so many."),
    ] = None,
    backlog: Annotated[
        Literal["deliver", "skip"] | None,
        typer.Option("--backlog", help="Events captured before, or while paused: send them, or leave them here."),
    ] = None,
    from_vendor: Annotated[
        bool, typer.Option("--from-vendor", help="Take project and key from .contox.json and ~/.contoxrc.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Keep nothing, send no event; show what would be written and sent.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace another project's connection and file.")] = False,
    json: Json = False,
) -> None:
    """Deliver this repository's events to a server as well; again, deliver on where it was paused.

    Secrets are typed, read from standard input or from the environment (CONTOX_API_KEY, CONTOX_HMAC_SECRET), never
    from an option. A new key is kept once the server takes it. Without --backlog events captured before a first
    `connect`, or before one to another project, stay here, and those captured while paused are sent; `deliver` sends
    both, `skip` neither.

    JSON: state (connected, resumed, dry_run); url; team_id; project: id, name; source; credentials: where they are, or
    null; project_file, project_file_written; waiting, left, skipped: events; notes. With --dry-run also writes: path,
    text; captures: what the waiting events travel in; bodies: the exact requests of the first ones; shown: of how many.
    A dry run asks the server to check the key, and on a terminal for your teams and projects: nothing else is sent.
    """
    if key_stdin and connect_ask.can_ask():
        raise UsageError("--key-stdin reads a pipe, not a terminal", hint="leave it out: the key is asked for")
    parts = _parts(dry_run)
    folder = parts.repo.work_tree or Path.cwd()
    given = wanted(
        url=url, team_id=team, project_id=project, project_name=project_name, key_stdin=key_stdin,
        from_vendor=from_vendor, folder=folder,
    )  # fmt: skip
    if len(source) > MAX_SOURCE:
        raise UsageError(f"--source is at most {MAX_SOURCE} characters long")
    changes: dict[str, Any] = {
        "source": checked_text(source, "--source"),
        "requests_per_minute": requests_per_minute,
        "plain_http": plain_http,
        "project_name": project_name,
    }
    question = "Connect {folder} to {project} on {url}?" if from_vendor else ""
    deliver = None if backlog is None else backlog == "deliver"
    _carry_out(
        parts, given, changes, question, deliver=deliver, dry_run=dry_run, yes=yes, as_json=json, may_make=True
    )  # fmt: skip


def set_up(asked: Asked, *, yes: bool, as_json: bool) -> None:
    """What a link asks for, with the configured server; the caller has seen to it that a person can be asked, or agreed
    to it with `yes`."""
    parts = _parts(dry_run=False)
    known, _ = _known(parts)
    given = Wanted(
        url=os.environ.get("CONTOX_API_URL", "") or (known.url if known is not None else DEFAULT_URL),
        team_id=asked.team_id, project_id=asked.project_id, project_name="", is_chosen=True, typed_key=asked.token,
        account=None,
    )  # fmt: skip
    question = (
        "A link asks to send the commits of {folder} to {project} on {url}, with the link's own key: whoever made the "
        "link can read them there. Agree?"
    )
    _carry_out(parts, given, {}, question, deliver=None, dry_run=False, yes=yes, as_json=as_json, may_make=False)


def resume(*, as_json: bool) -> None:
    """Deliver on where it was paused. Raises NotConnected."""
    parts = _parts(dry_run=False)
    if _known(parts)[0] is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    given = Wanted(
        url="", team_id="", project_id="", project_name="", is_chosen=False, typed_key="", account=None
    )  # fmt: skip
    _carry_out(parts, given, {}, "", deliver=None, dry_run=False, yes=False, as_json=as_json, may_make=False)


def _carry_out(
    parts: Assembly, given: Wanted, changes: Mapping[str, Any], question: str, *, deliver: bool | None, dry_run: bool,
    yes: bool, as_json: bool, may_make: bool,
) -> None:  # fmt: skip
    """Everything is agreed to, found out, then kept. `changes`: of the connection, where they are not empty;
    `question`: before anything is sent."""
    from contox_hooks.cli.connect_keep import keep, show

    asks = connect_ask.can_ask() and not as_json
    changes = {name: value for name, value in changes.items() if value}
    folder = parts.repo.work_tree or parts.repo.common_dir
    known, is_damaged = _known(parts)
    endpoint = _endpoint(given, known, asks=asks, plain_http="plain_http" in changes)
    is_other = known is None or _is_other(given, known, endpoint)
    if known is not None and is_other:
        _check_switch(known, given, endpoint, asks=asks, yes=yes)
    if asks and question and not (yes or dry_run):
        named = {"folder": clean(str(folder)), "project": _project_of(given), "url": endpoint.base}
        if not connect_ask.confirm(question.format(**named)):
            raise typer.Abort
    if known is not None and not is_other:
        plan = _resumed(replace(known, **changes), given, endpoint, asks=asks, dry_run=dry_run)
        is_missing = given.is_chosen and not os.path.lexists(folder / PROJECT_FILE)
        plan = replace(plan, writes_project=is_missing)
    else:
        base = Connection(url="", team_id="", project_id="", connected_at=int(time.time()))
        if known is not None:
            base = replace(base, plain_http=known.plain_http and endpoint.base == known.url)
        plan = _fresh(
            replace(base, **changes), given, endpoint, folder, asks=asks, dry_run=dry_run,
            may_make=may_make and not dry_run,
        )  # fmt: skip
        plan = replace(plan, starts_over=not is_damaged)
    if parts.repo.work_tree is not None and plan.writes_project:
        _check_file(parts.repo.work_tree, plan.project, asks=asks, yes=yes)
    if dry_run:
        show(parts, plan, deliver=deliver, as_json=as_json)
    else:
        keep(parts, plan, deliver=deliver, asks=asks, as_json=as_json)


def _parts(dry_run: bool) -> Assembly:
    """Looked at for new commits; a dry run wakes no sender. Raises RepositoryError, NotInitialised."""
    from contox_hooks.cli.context import opened

    parts = opened(drain=not dry_run).parts
    if dry_run:
        parts.drain().run(reconcile=True)
    return parts


def _known(parts: Assembly) -> tuple[Connection | None, bool]:
    """And whether the file is damaged: that counts as none, and is written anew."""
    try:
        return read_connection(parts.state.root), False
    except StoreError:
        return None, True


def _endpoint(given: Wanted, known: Connection | None, *, asks: bool, plain_http: bool) -> Endpoint:
    """The server that is meant. Raises UsageError."""
    if known is None:
        address = given.url or (connect_ask.ask_url() if asks else DEFAULT_URL)
        return parse_endpoint(address, plain_http=plain_http)
    plain_http = plain_http or (known.plain_http and given.url in ("", known.url))
    return parse_endpoint(given.url or known.url, plain_http=plain_http)


def _is_other(given: Wanted, known: Connection, endpoint: Endpoint) -> bool:
    """Whether another server or project is meant, by the environment too, than this repository is connected to."""
    if given.project_id:
        return (endpoint.base, given.project_id) != (known.url, known.project_id)
    return endpoint.base != known.url or given.project_name not in ("", known.project_name)


def _resumed(known: Connection, given: Wanted, endpoint: Endpoint, *, asks: bool, dry_run: bool) -> Plan:
    """What is kept counts, as far as the server can be reached; a new key only once the server takes it."""
    from contox_hooks.cli.connect_keep import Plan
    from contox_hooks.cli.connect_server import Server

    stored = _stored(known.url, known.project_id)
    stored_key, secret = (stored.key, stored.secret) if stored is not None else ("", "")
    key = given.key_for(known.url) or stored_key or _key(endpoint, given, asks=asks)
    server = Server(endpoint, key, per_minute=known.requests_per_minute, asks=asks)
    notes = []
    try:
        server.check_key()
    except RemoteError as error:
        if server.key != stored_key and not dry_run:
            told = f"{error.message}: the new key cannot be checked, and nothing is changed"
            raise RemoteError(told, hint=error.hint or "try again when the server answers") from error
        notes.append(f"{error.message}: delivery begins by itself once the server answers")
    if not (secret and notes):
        secret = given.secret_for(known.url, known.project_id) or secret
    if not (notes or dry_run) and (server.key != stored_key or not secret):
        secret = server.secret(known.project_id, secret)  # which also says whether the key is good for this project
    project = VendorProject(known.team_id, known.project_id, known.project_name)
    credentials = Credentials(server.key, secret)
    return Plan(
        replace(known, paused=False), project, credentials, keeps_credentials=credentials != stored, is_resumed=True,
        was_paused=known.paused, starts_over=False, writes_project=False, notes=notes,
    )  # fmt: skip


def _fresh(
    base: Connection, given: Wanted, endpoint: Endpoint, folder: Path, *, asks: bool, dry_run: bool, may_make: bool
) -> Plan:
    from contox_hooks.cli.connect_keep import Plan
    from contox_hooks.cli.connect_server import Server

    if not (given.project_id or given.project_name or asks):
        raise UsageError("no project is named", hint="--project ID, or CONTOX_PROJECT_ID")
    key = given.key_for(endpoint.base) or _stored_key(endpoint, given) or _key(endpoint, given, asks=asks)
    server = Server(endpoint, key, per_minute=base.requests_per_minute, asks=asks)
    is_told = dry_run and bool(given.project_id)
    notes = []
    try:
        server.check_key()
    except RemoteError as error:
        if not is_told:
            raise
        notes.append(error.message)
    if is_told:
        project = VendorProject(given.team_id, given.project_id, given.project_name)
        notes.append("the project's team and name come from the server when you connect")
    else:
        project = server.project(given, default_id=_proposed(folder) if asks else "", may_make=may_make)
    secret = given.secret_for(endpoint.base, project.project_id)
    if not dry_run:
        secret = server.secret(project.project_id, secret)
    connection = replace(
        base, url=endpoint.base, team_id=project.team_id, project_id=project.project_id,
        project_name=project.project_name,
    )  # fmt: skip
    return Plan(
        connection, project, Credentials(server.key, secret), keeps_credentials=True, is_resumed=False,
        was_paused=False, starts_over=True, writes_project=True, notes=notes,
    )  # fmt: skip


def _key(endpoint: Endpoint, given: Wanted, *, asks: bool) -> str:
    """Raises UsageError where nobody can be asked."""
    if asks:
        return connect_ask.ask_key(endpoint.host)
    if os.environ.get("CONTOX_API_KEY"):
        raise UsageError(
            f"CONTOX_API_KEY is for {clean(os.environ.get('CONTOX_API_URL') or DEFAULT_URL)}, not for {endpoint.base}",
            hint="set CONTOX_API_URL to this server too, or give the key by --key-stdin",
        )
    raise UsageError(f"there is no key for {endpoint.base}", hint="--key-stdin, or CONTOX_API_KEY")


def _stored_key(endpoint: Endpoint, given: Wanted) -> str:
    """Of an earlier connection to the same project."""
    stored = _stored(endpoint.base, given.project_id) if given.project_id else None
    return stored.key if stored is not None else ""


def _stored(url: str, project_id: str) -> Credentials | None:
    """A damaged file counts as none: keeping the key anew sets it aside."""
    try:
        return kept_credentials(url, project_id)
    except StoreError:
        return None


def _proposed(folder: Path) -> str:
    """What the work tree's `.contox.json` proposes to the person who chooses."""
    try:
        found = read_project(folder, parents=0)
    except Error:
        return ""
    return found.project_id if found is not None else ""


def _project_of(given: Wanted) -> str:
    """As it was named; not as the server calls it, which has not been asked yet."""
    named = clean(given.project_id or given.project_name)
    team = f" of team {clean(given.team_id)}" if given.team_id else ""
    return f"project {named}{team}" if named else f"a project{team} that you choose"


def _check_switch(known: Connection, given: Wanted, endpoint: Endpoint, *, asks: bool, yes: bool) -> None:
    name = clean(known.project_name or known.project_id)
    wants = "what is asked for is" if given.is_chosen else "the environment names"
    told = f"this repository is connected to {name} on {known.url}; {wants} {_project_of(given)} on {endpoint.base}"
    if yes or (asks and connect_ask.confirm(f"{told}. Connect to that one?")):
        return
    hint = (
        f"--yes connects to that one, and what waits stays here; --url {known.url} --project {known.project_id} goes on"
    )
    raise Refused(told, hint=hint)


def _check_file(root: Path, project: VendorProject, *, asks: bool, yes: bool) -> None:
    check_writable(root, project, replace=True)
    try:
        check_writable(root, project, replace=yes)
    except Refused as error:
        if not (asks and connect_ask.confirm(f"{clean(error.message)}. Replace it?")):
            raise
