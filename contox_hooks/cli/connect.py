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
from contox_hooks.credential import Credentials, credentials_of
from contox_hooks.domain.error import Error, NotConnected, Refused, RemoteError, StoreError, UsageError
from contox_hooks.vendor import VendorProject, check_writable, read_project
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
        bool, typer.Option("--dry-run", help="Keep and send nothing; show what would be written and sent.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace another project's connection and file.")] = False,
    json: Json = False,
) -> None:
    """Deliver this repository's events to a server as well; again, deliver on where it was paused.

    Secrets are typed, read from standard input or from the environment (CONTOX_API_KEY, CONTOX_HMAC_SECRET), never
    from an option. Without --backlog events captured before the first `connect` stay here, and those captured
    while paused are sent; `deliver` sends both, `skip` neither.

    JSON: state (connected, resumed, dry_run); url; team_id; project: id, name; source; credentials: where they are, or
    null; project_file, project_file_written; waiting, left, skipped: events; notes. With --dry-run also writes: path,
    text; bodies: the exact requests.
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
    _carry_out(parts, given, changes, question, deliver=deliver, dry_run=dry_run, yes=yes, as_json=json)


def set_up(asked: Asked, *, yes: bool, as_json: bool) -> None:
    """What a link asks for, with the configured server; the caller has seen to it that a person can be asked, or agreed
    to it with `yes`."""
    parts = _parts(dry_run=False)
    known = _known(parts)
    given = Wanted(
        url=os.environ.get("CONTOX_API_URL", "") or (known.url if known is not None else DEFAULT_URL),
        team_id=asked.team_id, project_id=asked.project_id, project_name="", is_chosen=True, typed_key=asked.token,
        account=None,
    )  # fmt: skip
    question = (
        "A link asks to send the commits of {folder} to {project} on {url}, with the link's own key: whoever made the "
        "link can read them there. Agree?"
    )
    _carry_out(parts, given, {}, question, deliver=None, dry_run=False, yes=yes, as_json=as_json)


def resume(*, as_json: bool) -> None:
    """Deliver on where it was paused. Raises NotConnected."""
    parts = _parts(dry_run=False)
    if _known(parts) is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    given = Wanted(
        url="", team_id="", project_id="", project_name="", is_chosen=False, typed_key="", account=None
    )  # fmt: skip
    _carry_out(parts, given, {}, "", deliver=None, dry_run=False, yes=False, as_json=as_json)


def _carry_out(
    parts: Assembly, given: Wanted, changes: Mapping[str, Any], question: str, *, deliver: bool | None, dry_run: bool,
    yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Everything is found out and agreed to, then kept. `changes`: of the connection, where they are not empty."""
    from contox_hooks.cli.connect_keep import keep, show

    asks = connect_ask.can_ask() and not as_json
    changes = {name: value for name, value in changes.items() if value}
    folder = parts.repo.work_tree or parts.repo.common_dir
    known = _known(parts)
    if known is not None and not _is_other(given, known, plain_http="plain_http" in changes):
        plan = _resumed(replace(known, **changes), given, asks=asks, dry_run=dry_run)
    else:
        base = Connection(url="", team_id="", project_id="", connected_at=int(time.time()))
        if known is not None:
            base = replace(base, plain_http=known.plain_http and given.url == known.url)
        plan = _fresh(replace(base, **changes), known, given, folder, asks=asks, dry_run=dry_run, yes=yes)
    if parts.repo.work_tree is not None and not (yes or plan.is_resumed):
        _check_file(parts.repo.work_tree, plan.project, asks=asks and not dry_run)
    if asks and question and not (yes or dry_run):
        name = f"{clean(plan.project.project_name)} ({clean(plan.project.project_id)})".lstrip()
        if not connect_ask.confirm(question.format(folder=clean(str(folder)), project=name, url=plan.connection.url)):
            raise typer.Abort
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


def _known(parts: Assembly) -> Connection | None:
    """A damaged file counts as none: it is written anew."""
    try:
        return read_connection(parts.state.root)
    except StoreError:
        return None


def _is_other(given: Wanted, known: Connection, *, plain_http: bool) -> bool:
    """Whether another server or project is meant than this repository is connected to."""
    if not given.is_chosen:
        return False
    url = parse_endpoint(given.url or known.url, plain_http=plain_http or known.plain_http).base
    if given.project_id:
        return (url, given.project_id) != (known.url, known.project_id)
    return url != known.url or given.project_name not in ("", known.project_name)


def _resumed(known: Connection, given: Wanted, *, asks: bool, dry_run: bool) -> Plan:
    """What is kept counts; a new key is looked at first, an old one as far as the server can be reached."""
    from contox_hooks.cli.connect_keep import Plan
    from contox_hooks.cli.connect_server import Server

    endpoint = parse_endpoint(known.url, plain_http=known.plain_http)
    kept = _kept(known.url, known.project_id)
    fresh = given.typed_key or (given.key_for(known.url) if given.account is not None else "")
    key = fresh or (kept.key if kept is not None else "") or _key(endpoint, given, asks=asks)
    server = Server(endpoint, key, per_minute=known.requests_per_minute, asks=asks)
    notes = []
    try:
        server.check_key()
    except RemoteError as error:
        notes.append(f"{error.message}: delivery begins by itself once the server answers")
    secret = kept.secret if kept is not None else given.secret_for(known.url, known.project_id)
    if not (secret or dry_run or notes):
        secret = server.secret(known.project_id, secret)
    changed = kept is None or server.key != kept.key or secret != kept.secret
    project = VendorProject(known.team_id, known.project_id, known.project_name)
    return Plan(
        replace(known, paused=False), project, Credentials(server.key, secret), keeps_credentials=changed,
        is_resumed=True, was_paused=known.paused, notes=notes,
    )  # fmt: skip


def _fresh(
    base: Connection, known: Connection | None, given: Wanted, folder: Path, *, asks: bool, dry_run: bool, yes: bool
) -> Plan:
    from contox_hooks.cli.connect_keep import Plan
    from contox_hooks.cli.connect_server import Server

    needs_project = not (given.project_id or (given.project_name and not dry_run))
    if needs_project and (dry_run or not asks):
        raise UsageError("no project is named", hint="--project ID, or CONTOX_PROJECT_ID")
    address = given.url or (connect_ask.ask_url() if asks else DEFAULT_URL)
    endpoint = parse_endpoint(address, plain_http=base.plain_http)
    if known is not None:
        _check_switch(known, asks=asks and not dry_run, yes=yes)
    key = given.key_for(endpoint.base) or _kept_key(endpoint, given) or _key(endpoint, given, asks=asks)
    server = Server(endpoint, key, per_minute=base.requests_per_minute, asks=asks)
    notes = []
    try:
        server.check_key()
    except RemoteError as error:
        if not dry_run:
            raise
        notes.append(error.message)
    secret = given.secret_for(endpoint.base, given.project_id)
    if dry_run:
        project = VendorProject(given.team_id, given.project_id, given.project_name)
        notes.append("the project's team and name come from the server when you connect")
    else:
        project = server.project(given, default_id=_proposed(folder) if asks else "")
        secret = server.secret(project.project_id, given.secret_for(endpoint.base, project.project_id))
    connection = replace(
        base, url=endpoint.base, team_id=project.team_id, project_id=project.project_id,
        project_name=project.project_name,
    )  # fmt: skip
    return Plan(
        connection, project, Credentials(server.key, secret), keeps_credentials=True, is_resumed=False,
        was_paused=False, notes=notes,
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


def _kept_key(endpoint: Endpoint, given: Wanted) -> str:
    """Of an earlier connection to the same project."""
    kept = _kept(endpoint.base, given.project_id) if given.project_id else None
    return kept.key if kept is not None else ""


def _kept(url: str, project_id: str) -> Credentials | None:
    """A damaged file counts as none: keeping the key anew sets it aside."""
    try:
        return credentials_of(url, project_id)
    except StoreError:
        return None


def _proposed(folder: Path) -> str:
    """What the work tree's `.contox.json` proposes to the person who chooses."""
    try:
        found = read_project(folder, parents=0)
    except Error:
        return ""
    return found.project_id if found is not None else ""


def _check_switch(known: Connection, *, asks: bool, yes: bool) -> None:
    name = clean(known.project_name or known.project_id)
    told = f"this repository is connected to {name} on {known.url}"
    if yes or (asks and connect_ask.confirm(f"{told}. Connect to another project?")):
        return
    raise Refused(told, hint="--yes connects to the other one; what waits for this one stays here")


def _check_file(root: Path, project: VendorProject, *, asks: bool) -> None:
    try:
        check_writable(root, project)
    except Refused as error:
        if not (asks and connect_ask.confirm(f"{clean(error.message)}. Replace it?")):
            raise
