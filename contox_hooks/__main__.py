"""`python -m contox_hooks`, and the console script: the command line's front door."""

from __future__ import annotations

import sys


def main() -> None:
    """`status` is what editors and prompts ask all the time: it goes past Typer, whose parser costs as
    much as the whole answer (Typer 0.29 imports pydantic for it: 0.1 s)."""
    if sys.argv[1:] in (["status"], ["status", "--json"]):
        from contox_hooks.cli.screen import answer

        if answer(as_json="--json" in sys.argv):
            return
    from contox_hooks.cli import app

    app.main()


if __name__ == "__main__":
    main()
