"""`contox-hooks migrate --from A --to B`: everything of one memory store into another, another database if you like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import NotFound, UsageError

app = typer.Typer(add_completion=False)

_LIKE = "postgresql://…, or sqlite:PATH"


@app.command()
def command(
    source: Annotated[str, typer.Option("--from", metavar="URL", help=f"What is read: {_LIKE}.")],
    target: Annotated[str, typer.Option("--to", metavar="URL", help=f"An empty one that is filled: {_LIKE}.")],
    json: Json = False,
) -> None:
    """Move projects, sessions, events, memory, keys and what models cost; run it again to go on where it broke off.

    The source is only read, but that it is brought up to this version, and nobody else writes to it meanwhile. At the
    end every table of both is compared row by row. JSON: from, to, tables [{table, rows, written, sha256}].
    """
    from contox_hooks.cli.render import emit_json, say
    from contox_hooks.memory.moving import Moved, move_memory, move_spend
    from contox_hooks.memory.spend import SpendStore, spend_path
    from contox_hooks.memory.store import Store
    from contox_hooks.place import database

    old, new = database(source), database(target)
    if old == new:
        raise UsageError("--from and --to are the same store", hint="contox-hooks migrate --help")
    if isinstance(old, Path) and not old.exists():
        raise NotFound(f"there is no memory store at {old}", hint=f"--from {_LIKE}")
    with Store.open(old) as memory, Store.open(new) as moved_memory:
        names = {"from": memory.where, "to": moved_memory.where}

        def spending() -> list[Moved]:
            """Before the memory counts as moved: caps and claims must never be forgotten."""
            if spend_path(old) == spend_path(new):
                return []
            with SpendStore.open(spend_path(old)) as spend, SpendStore.open(spend_path(new)) as moved_spend:
                return move_spend(spend, moved_spend, _told)

        tables = move_memory(memory, moved_memory, _told, first=spending)
    _told("", 0, 0)
    if json:
        rows = [
            {"table": each.table, "rows": each.rows, "written": each.written, "sha256": each.digest} for each in tables
        ]
        emit_json({**names, "tables": rows})
        return
    rows_in_all = sum(each.rows for each in tables)
    say(f"✓ {rows_in_all:,} rows of {len(tables)} tables are in {names['to']}, equal row by row to {names['from']}")
    say("  → contox-hooks serve --database, with the same address, works on it")


def _told(table: str, seen: int, written: int) -> None:
    """One line that is written over, for a person who waits."""
    import sys

    if sys.stderr.isatty():
        text = f"{table}: {seen:,} rows compared, {written:,} written" if table else ""
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
