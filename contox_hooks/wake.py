"""What a hook starts: `python -E -P -m contox_hooks.wake <common git dir> [record]`.

Its own session and low priority first, then the drain; on the standard library alone until there is something to hand
over (tests/house holds the budget). Exits 0 always and prints nothing: problems go to the private log and `status`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contox_hooks.capture.state import State


def main(arguments: list[str]) -> None:
    os.closerange(3, 1024)  # what git's caller left open, a lock perhaps, must not live on with us
    leave_the_terminal()
    if not arguments:
        return
    from contox_hooks.capture.state import State

    common = Path(arguments[0]).absolute()
    state = State(common / "contox")
    try:
        _drain(common, state, arguments[1:])
    except Exception as error:
        from contox_hooks.domain.error import Error

        if isinstance(error, Error):
            state.write_log(f"drain: {error.message}")
        else:
            import traceback

            state.write_log(f"drain failed\n{traceback.format_exc()}")


def _drain(common: Path, state: State, records: list[str]) -> None:
    from contox_hooks.assembly import Assembly
    from contox_hooks.capture.drain import LINGER_S
    from contox_hooks.git.repository import from_git_dir

    parts = Assembly(from_git_dir(common))
    if records:  # the framework's hook found no folder to write its record into
        state.create()
        with state.spool.open("a") as spool:
            spool.write("\n" + "\n".join(records) + "\n")
    done = parts.drain().run(linger_s=LINGER_S)
    if done is not None and (done.delivered or done.runs):  # an idle drain does not open the memory store
        from contox_hooks.segment import refresh_segment
        from contox_hooks.work import start_behind

        start_behind(parts, done)
        refresh_segment(parts)
    parts.start_sender()


def leave_the_terminal() -> None:
    try:
        os.setsid()
    except (AttributeError, OSError):
        pass
    try:
        os.nice(5)
    except (AttributeError, OSError):
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
