"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object with documented fields, for programs.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", envvar="CONTOX_DATABASE_URL", metavar="URL",
        help="sqlite:PATH or postgresql://…; without one, this machine's own memory.",
    ),
]  # fmt: skip
