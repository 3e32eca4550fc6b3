"""Saved files on their way to the capture session: noted as they are saved, sent at the next commit or when asked.

Must not know what is made of them. A repository that is not captured, or paused, gets nothing; files of another
repository in a folder below the root are not told of. Trouble is the private log's: a tracker must not fail for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Error
from contox_hooks.tracker.change import Change
from contox_hooks.tracker.order import Order, settings_now

if TYPE_CHECKING:
    from contox_hooks.capture.state import State

ASK_S = 2.0
"""A pause begins and ends at most so much later: settings lie in five places, one of them asked of git."""


class Bridge:
    def __init__(self, order: Order) -> None:
        self._root, self._git_dir, self._prefix = order.root, order.git_dir, order.prefix
        self._has_noted = False
        self._is_paused = True
        self._asks_from = 0.0

    def note(self, changes: Iterable[Change]) -> None:
        """What was written: created, edited, moved to."""
        if self._git_dir is None or self._prefix is None:
            return
        kept = [change.path for change in changes if change.kind in ("created", "edited", "moved")]
        paths = [f"{self._prefix}{path}" for path in self._own(dict.fromkeys(kept))]
        if not paths:
            return
        from contox_hooks.capture.saved import note_saved

        try:
            state = self._state()
            if state.database.exists() and not self._paused():
                note_saved(state, paths)
                self._has_noted = True
        except (OSError, Error) as error:
            self._tell(error)

    def flush(self) -> None:
        """What was noted goes out now, also without a commit."""
        if self._git_dir is None or not self._has_noted:
            return
        from contox_hooks.assembly import Assembly
        from contox_hooks.capture.saved import flush
        from contox_hooks.git.repository import from_git_dir

        try:
            parts = Assembly(from_git_dir(Path(self._git_dir)))
            flush(parts.state)
            parts.start_drain()
            self._has_noted = False
        except (OSError, Error) as error:
            self._tell(error)

    def _own(self, paths: Iterable[str]) -> Iterator[str]:
        """Without what is outside the root, or in another work tree."""
        foreign: dict[str, bool] = {"": False}

        def is_foreign(folder: str) -> bool:
            if folder not in foreign:
                outer = is_foreign(folder.rpartition("/")[0])
                foreign[folder] = outer or os.path.lexists(f"{self._root}/{folder}/.git")
            return foreign[folder]

        return (path for path in paths if not path.startswith("/") and not is_foreign(path.rpartition("/")[0]))

    def _paused(self) -> bool:
        """Also where the settings cannot be read: then the drain takes nothing either. Raises Error."""
        if time.monotonic() >= self._asks_from:
            from contox_hooks.git.repository import from_git_dir

            self._is_paused, self._asks_from = True, time.monotonic() + ASK_S
            self._is_paused = settings_now(from_git_dir(Path(self._git_dir or ""))).paused
        return self._is_paused

    def _state(self) -> State:
        """Raises RepositoryError when the repository is gone."""
        from contox_hooks.capture.state import state_of
        from contox_hooks.git.repository import from_git_dir

        return state_of(from_git_dir(Path(self._git_dir or "")))

    def _tell(self, error: Exception) -> None:
        with suppress(OSError, Error):
            self._state().write_log(f"tracker: saved files are not noted: {error}")
