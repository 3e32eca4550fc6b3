"""`contox-hooks prompt`: the status segment. The front door (`__main__`) answers it past the command line."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command() -> None:
    """Print a status segment for a shell prompt or tmux; nothing where nothing is captured. Exits 0.

    One of: capturing 1h 12m · 5 events; pipeline 2/5; pipeline failed; disconnected; saved 5m ago. It is as fresh as
    the last look for commits, delivery or `watch`. docs/prompt.sh reads the same file without any process.
    """
    from contox_hooks.prompt import show

    show()
