"""`contox-hooks save`: a note worth knowing later, by hand or from a program."""

from __future__ import annotations

import json as codec
import sys
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from contox_hooks.cli.option import Json
from contox_hooks.domain.error import UsageError
from contox_hooks.saving import Category, save

app = typer.Typer(add_completion=False)

CATEGORIES = get_args(Category)
_MAX_BYTES = 1_000_000
_LIKE = 'like {"summary": "…", "changes": [{"category": "decisions", "title": "…", "content": "…"}]}'


@app.command()
def command(
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT...]", help="What was decided or found.")] = None,
    category: Annotated[str, typer.Option("--category", "-c", help=f"One of {', '.join(CATEGORIES)}.")] = "decisions",
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="A whole note as JSON: summary, changes; - reads stdin."),
    ] = None,
    json: Json = False,
) -> None:
    """Save a note: it becomes memory, cited by itself, in a session of its own. Offline too; secrets are taken out.

    JSON: changes (how many), head (the commit that it was saved on, or null), cuts (what was too long, a line each).
    """
    from contox_hooks.cli.context import opened
    from contox_hooks.cli.render import emit_json, say, warn

    note = " ".join(text or ()).strip()
    if bool(note) == (file is not None):
        raise UsageError("a note is text, or a file", hint='contox-hooks save "we chose X because Y"')
    if category not in CATEGORIES:
        raise UsageError(f"--category {category!r} is unknown", hint=f"one of {', '.join(CATEGORIES)}")
    summary, changes = _read(file) if file is not None else (note, [_change(category, note)])
    saved = save(opened(drain=False).parts, summary, changes, source="cli")
    if json:
        emit_json({"changes": saved.changes, "head": saved.head_sha, "cuts": list(saved.cuts)})
        return
    for cut in saved.cuts:
        warn(f"contox-hooks: {cut}")
    say("✓ saved; it becomes memory in the background")


def _change(category: str, note: str) -> dict[str, str]:
    return {"category": category, "title": note.splitlines()[0], "content": note}


def _read(file: Path) -> tuple[str, list[dict[str, str]]]:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
        note = codec.loads(data) if len(data) <= _MAX_BYTES else None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        note = None
    changes = note.get("changes", []) if isinstance(note, dict) else None
    if not isinstance(note, dict) or not isinstance(changes, list) or not _is_text(note.get("summary")):
        raise UsageError(f"{file} holds no note", hint=_LIKE)
    for number, change in enumerate(changes, 1):
        if not isinstance(change, dict) or not all(_is_text(change.get(name)) for name in ("title", "content")):
            raise UsageError(f"{file}: change {number} needs a title and a content", hint=_LIKE)
        if change.get("category") not in CATEGORIES:
            raise UsageError(f"{file}: change {number} needs a category", hint=f"one of {', '.join(CATEGORIES)}")
    return note["summary"], [{name: change[name] for name in ("category", "title", "content")} for change in changes]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
