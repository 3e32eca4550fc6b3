"""`contox-hooks register-url-handler`: links that begin with `contox-hooks:` open this program, on Linux desktops."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.clean import clean
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import emit_json, say

app = typer.Typer(add_completion=False)


@app.command()
def command(
    unregister: Annotated[bool, typer.Option("--unregister", help="Take it back.")] = False,
    json: Json = False,
) -> None:
    """Open contox-hooks: links with this program: a desktop entry for you alone. Exit code 2 on other systems.

    JSON: state (registered, unregistered, not_registered); path; default: whether the desktop confirms it;
    replaced: the entry that was the default before, or "".
    """
    from contox_hooks import url_handler

    if unregister:
        was = url_handler.unregister()
        if json:
            emit_json(
                {"state": "unregistered" if was else "not_registered", "path": None, "default": False, "replaced": ""}
            )
        else:
            say("contox-hooks: links are no longer opened by this program" if was else "it was not registered")
        return
    done = url_handler.register()
    if json:
        emit_json({
            "state": "registered", "path": done.path, "default": done.is_default, "replaced": done.replaced,
        })  # fmt: skip
        return
    say(f"contox-hooks: links are opened by this program ({clean(str(done.path))})")
    if not done.is_default:
        say("  ! xdg-mime does not confirm it (is it installed?); some desktops find the entry by themselves")
    elif done.replaced:
        say(f"  {clean(done.replaced)} did that before; --unregister gives it back")
