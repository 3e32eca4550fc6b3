"""The session tracker: what happens to files and commands while somebody works, in one log a session."""

from __future__ import annotations

from pathlib import Path

__all__ = ["log_cli_command"]


def log_cli_command(command: str, status: str = "Success", *, root: str | Path | None = None) -> bool:
    """Put `Ran: <command> -> <status>` into the session's log, from any script, whether a tracker runs or not.

    `root`: the project's; else the git work tree that the working directory is in. Secrets go before anything is
    written; each text becomes one line. Never raises: a script must not fail for its log. False: it was not written
    (no repository, a full disk, `.context` in the way).
    """
    from contox_hooks.tracker.command import tell_command
    from contox_hooks.tracker.place import place_of

    try:
        tell_command(place_of(None if root is None else Path(root)), str(command), str(status))
    except Exception:
        return False
    return True
