"""What `connect` asks a person for. Questions go to stderr; what is secret is not shown while it is typed."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence

import typer

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.connect_wanted import checked_key, checked_secret, checked_text
from contox_hooks.cli.render import warn
from contox_hooks.domain.error import UsageError
from contox_hooks.wire.endpoint import DEFAULT_URL


def can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_url() -> str:
    return str(typer.prompt("Server", default=DEFAULT_URL, err=True))


def ask_key(host: str) -> str:
    return checked_key(_hidden(f"API key for {host}: "), "the answer")


def ask_secret() -> str:
    return checked_secret(_hidden("The server does not give out the project's HMAC secret. Secret: "), "the answer")


def ask_link() -> str:
    return _hidden("Link: ")


def _hidden(prompt: str) -> str:
    """Not Typer's: that shows the prompt first and then turns the echo off, so that a quick paste is seen."""
    try:
        return getpass.getpass(prompt).strip()
    except EOFError:
        raise typer.Abort from None


def confirm(question: str) -> bool:
    return bool(typer.confirm(question, err=True))


def ask_backlog(count: str) -> bool:
    """Whether what was captured meanwhile is delivered."""
    return bool(typer.confirm(f"{count} captured meanwhile: deliver (n: they stay here)?", default=True, err=True))


def pick(what: str, rows: Sequence[Mapping[str, object]], *, default_id: str = "") -> Mapping[str, object]:
    """One of the rows; the only one without a question. Raises UsageError when there are none."""
    if not rows:
        raise UsageError(f"there is no {what} that this key may use", hint="make one on the server's pages")
    return rows[0] if len(rows) == 1 else rows[_number(what, rows, default_id) - 1]


def pick_project(
    rows: Sequence[Mapping[str, object]], *, default_id: str = "", may_make: bool = True
) -> Mapping[str, object] | str:
    """One of the rows, or the name of a project that is to be made. Raises UsageError when there is neither."""
    if not may_make:
        return pick("project", rows, default_id=default_id)
    default = _shown("project", rows, default_id)
    while True:
        text = str(typer.prompt("Project (number, or new)", default=default or None, err=True)).strip()
        if text.isdecimal() and 1 <= int(text) <= len(rows):
            return rows[int(text) - 1]
        if text == "new":
            return checked_text(str(typer.prompt("Its name", err=True)).strip(), "the name")
        warn(f"a number from 1 to {len(rows)}, or: new" if rows else "there is none yet: type new to make one")


def _number(what: str, rows: Sequence[Mapping[str, object]], default_id: str) -> int:
    default = _shown(what, rows, default_id)
    while True:
        text = str(typer.prompt(what.capitalize(), default=default or None, err=True)).strip()
        if text.isdecimal() and 1 <= int(text) <= len(rows):
            return int(text)
        warn(f"a number from 1 to {len(rows)}")


def _shown(what: str, rows: Sequence[Mapping[str, object]], default_id: str) -> str:
    """The rows on the screen; the number of the default one."""
    default = ""
    for number, row in enumerate(rows, 1):
        warn(f"  {number}  {cut(clean(str(row.get('name') or what)), 60)}  ({cut(clean(str(row['id'])), 40)})")
        if default_id and row["id"] == default_id:
            default = str(number)
    return default
