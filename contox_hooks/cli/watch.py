"""`contox-hooks watch`: sessions and pipelines as they go. Each wake looks for new commits too, hooks or no hooks.

Chooses who watches: the machine's own memory, the server of a connected repository, or nobody while that is paused; a
repository that is connected, paused or resumed meanwhile is noticed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from pathlib import Path

    from contox_hooks.cli.watch_look import Look
    from contox_hooks.cli.watch_screen import Screen
    from contox_hooks.connection import Connection

app = typer.Typer(add_completion=False)


@app.command()
def command(
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="Stop after so long.")
    ] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing is left to do.")] = False,
    local: Annotated[bool, typer.Option("--local", help="This machine's memory, also where connected.")] = False,
    notifies: Annotated[bool, typer.Option("--notify", help="Desktop notifications as well.")] = False,
    json: Json = False,
) -> None:
    """Follow sessions and the pipeline until Ctrl-C; of the server, where the repository is connected to one.

    JSON: one object a line, each with kind and at (seconds since the epoch). watching: project, server (null: this
    machine), session_id, events, last_save_at. session: session_id, source, summary, new; of a server also events, url.
    event (this machine): session_id, type, what. stage: session_id, run_id, stage, status (pending, running, done,
    failed, skipped), duration_ms, attempts, detail, last_error; null where a server does not tell. pipeline:
    session_id, run_id, status (pending, done, failed), line, last_error; of a server also completed, total, url.
    closed_externally: session_id; of a server also url. saved: last_save_at. disconnected: server, hint. trouble: where
    (commits, memory, server, connection), code, message, hint. recovered: where.
    """
    from contox_hooks.cli.context import opened
    from contox_hooks.cli.watch_look import Look
    from contox_hooks.cli.watch_screen import Screen

    parts = opened(drain=False).parts
    screen = Screen(json=json, notifies=notifies)
    watch = Watch(Look(parts.repo, screen), screen, None if local else parts.state.root)
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while True:
            watcher = watch.watcher()
            watcher.wake()
            if until_idle and watcher.is_idle:
                break
            left_s = float("inf") if deadline is None else deadline - time.monotonic()
            if left_s <= 0:
                break
            watcher.pause(left_s)
    except KeyboardInterrupt:
        pass
    finally:
        watch.leave()
        screen.leave()


class Watcher(Protocol):
    @property
    def is_idle(self) -> bool:
        """Nothing was left to do at the last wake."""
        ...

    def wake(self) -> None:
        """One look; tells what is new."""
        ...

    def pause(self, at_most_s: float) -> None:
        """Until the next wake is worth it."""
        ...

    def leave(self) -> None: ...


class Watch:
    def __init__(self, look: Look, screen: Screen, state_root: Path | None) -> None:
        """`state_root`: where the connection is kept; None: this machine only."""
        self._look = look
        self._screen = screen
        self._state_root = state_root
        self._connection: Connection | None = None
        self._watcher: Watcher | None = None

    def watcher(self) -> Watcher:
        """Whoever the connection calls for now. One that cannot be read is told; what was, goes on."""
        from contox_hooks.connection import read_connection
        from contox_hooks.domain.error import Error

        connection = self._connection
        if self._state_root is not None:
            try:
                connection = read_connection(self._state_root)
                self._screen.fine("connection")
            except Error as error:
                self._screen.trouble("connection", error)
        if self._watcher is None or connection != self._connection:
            self.leave()
            self._connection = connection
            self._watcher = self._made(connection)
        return self._watcher

    def leave(self) -> None:
        if self._watcher is not None:
            self._watcher.leave()

    def _made(self, connection: Connection | None) -> Watcher:
        if connection is None or self._state_root is None:
            from contox_hooks.cli.watch_local import LocalWatch

            return LocalWatch(self._look, self._screen)
        from contox_hooks.cli.watch_remote import PausedWatch, RemoteWatch

        if connection.paused:
            return PausedWatch(self._look, self._screen, connection)
        return RemoteWatch(self._look, self._screen, connection, self._state_root)
