"""`contox-hooks open-url URL`: do what a link of the dashboard asks for, once its reader has agreed.

Invariant: whoever wrote the link decides nothing: the server is the configured one, and nothing happens without a yes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli import connect_ask
from contox_hooks.cli.clean import clean
from contox_hooks.cli.connect_link import MAX_LINK, Asked, parse_link
from contox_hooks.cli.connect_wanted import line_of_stdin
from contox_hooks.cli.option import Json
from contox_hooks.domain.error import Error, NotConnected, Refused, RepositoryError, UsageError

app = typer.Typer(add_completion=False)


@app.command()
def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="The link, or - to read it from standard input.")],
    repository: Annotated[
        Path | None,
        typer.Option("--repository", metavar="DIR", help="The repository that is meant; else the one here."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to what the link asks for.")] = False,
    json: Json = False,
) -> None:
    """Do what a link of the dashboard asks for: setup (connect to a project), connect, reconnect, desync.

    The link's token shows in the process list; `open-url -` reads the link where it does not. It is sent to the
    configured server alone (the repository's, CONTOX_API_URL, else https://contox.dev), never to one the link names.

    JSON: as `connect` or `disconnect` has it.
    """
    asked = parse_link(_link(url))
    try:
        _carry_out(asked, repository, yes=yes, json=json)
    except Error as error:
        if not (connect_ask.can_ask() or yes or json):
            _notify(error)
        raise


def _carry_out(asked: Asked, repository: Path | None, *, yes: bool, json: bool) -> None:
    from contox_hooks.cli import connect, disconnect
    from contox_hooks.connection import read_connection
    from contox_hooks.git.repository import locate

    _enter(repository)
    asks = connect_ask.can_ask() and not json
    try:
        repo = locate()
    except RepositoryError as error:
        raise RepositoryError("a link was opened outside a repository", hint=_WHAT_TO_TYPE) from error
    if not (yes or asks):
        raise Refused(f"a link asks for {asked.action}: that needs a yes", hint=_WHAT_TO_TYPE)
    if asked.action == "setup":
        connect.set_up(asked, yes=yes, as_json=json)
        return
    known = read_connection(repo.common_dir / "contox")
    if known is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    name = clean(known.project_name or known.project_id)
    folder = clean(str(repo.work_tree or repo.common_dir))
    doing = "Stop delivering" if asked.action == "desync" else "Deliver"
    if not yes and not connect_ask.confirm(f"A link asks: {doing} {folder} to {name} on {known.url}?"):
        raise typer.Abort
    if asked.action == "desync":
        disconnect.command(timeout=disconnect.TIMEOUT_S, no_flush=False, forget=False, json=json)
    else:
        connect.resume(as_json=json)


NOTIFY_S = 5.0
"""This process ends right after: so long the desktop may take to show what it says."""

_WHAT_TO_TYPE = "in the repository: contox-hooks open-url -    (and paste the link)"


def _link(url: str) -> str:
    """From a terminal it is typed unseen: it holds a token."""
    if url != "-":
        return url
    if connect_ask.can_ask():
        return connect_ask.ask_link()
    return line_of_stdin(MAX_LINK + 2)


def _enter(repository: Path | None) -> None:
    if repository is not None:
        try:
            os.chdir(repository)
        except OSError as error:
            raise UsageError(f"--repository {clean(str(repository))}: {error.strerror}") from error


def _notify(error: Error) -> None:
    """A desktop starts this program where nobody sees what it prints."""
    from contox_hooks.notify import notify

    notify("contox-hooks", clean(f"{error.message}. {error.hint}"), wait_s=NOTIFY_S)
