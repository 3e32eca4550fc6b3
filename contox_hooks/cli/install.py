"""`contox-hooks install`: put the hooks in place, and say which, where, and what runs after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, plural, say, table, warn
from contox_hooks.git.repository import Repository, locate

app = typer.Typer(add_completion=False)

LAYOUTS = {
    "folder": "in git's hooks folder",
    "detour": "in a folder of their own before the one that core.hooksPath names",
    "configuration": "in the repository's git config",
}


@app.command()
def command(json: Json = False) -> None:
    """Put the hooks in place. A hook that is there already runs after ours; installing again changes nothing.

    JSON: layout (folder, detour, configuration); changed; hooks: a list of name, state, path, chained; problems: a list
    of text, command; notes.
    """
    repo = locate()
    done = put_in_place(repo)
    if json:
        emit_json(done)
        return
    say("hooks in place" + (f", {LAYOUTS[done['layout']]}:" if done["changed"] else " already:"))
    table(("hook", "state", "runs after it"), [(h["name"], h["state"], h["chained"] or "") for h in done["hooks"]])
    tell_trouble(done)


def put_in_place(repo: Repository) -> dict[str, Any]:
    """Install; what the `JSON:` paragraph above lists. Raises Refused, RepositoryError, Busy."""
    from contox_hooks.capture.install import install, wiring

    done = install(repo)
    seen = wiring(repo)
    return {
        "layout": str(done.layout),
        "changed": done.changed,
        "hooks": [
            {"name": hook.name, "state": str(hook.state), "path": _text(hook.path), "chained": _text(hook.chained)}
            for hook in seen.hooks
        ],
        "problems": [{"text": problem.text, "command": problem.command} for problem in seen.problems],
        "notes": list(dict.fromkeys((*done.notes, *seen.notes))),
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def tell_trouble(done: dict[str, Any]) -> None:
    for text in done["notes"]:
        say(f"– {clean(text)}")
    for problem in done["problems"]:
        warn(f"✗ {clean(problem['text'])} → {clean(problem['command'])}")


def in_short(done: dict[str, Any]) -> str:
    """`5 hooks installed`, `4 hooks in place already, 1 left to pre-commit`."""
    left = sum(hook["state"] == "framework" for hook in done["hooks"])
    own = sum(hook["state"] in ("installed", "stale") for hook in done["hooks"])
    text = f"{plural(own, 'hook')} {'installed' if done['changed'] else 'in place already'}"
    return f"{text}, {left} left to pre-commit" if left else text
