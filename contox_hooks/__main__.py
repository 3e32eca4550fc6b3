"""`python -m contox_hooks`, and the console script: the command line's front door."""

from __future__ import annotations

import sys


def main() -> None:
    """`status`, the tracker's too, and `prompt` are what editors and prompts ask all the time: they go past Typer,
    whose parser costs as much as the whole answer (Typer 0.29 imports pydantic for it: 0.1 s)."""
    arguments = sys.argv[1:]
    if arguments == ["prompt"]:
        from contox_hooks.prompt import show

        show()
        return
    if arguments in (["status"], ["status", "--json"]):
        from contox_hooks.cli.screen import answer

        if answer(as_json="--json" in arguments):
            return
    if arguments in (["tracker", "status"], ["tracker", "status", "--json"]):
        from contox_hooks.cli.tracker_status import answer as answer_tracker

        if answer_tracker(as_json="--json" in arguments):
            return
    from contox_hooks.cli import app

    app.main()


if __name__ == "__main__":
    main()
