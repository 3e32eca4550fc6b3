"""Saved files on their way to the capture session: noted as they are saved, sent at the next commit or when asked.

Must not know what is made of them. A repository that is not captured gets nothing; trouble is the private log's, for a
tracker must not fail because of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Error
from contox_hooks.tracker.change import Change

if TYPE_CHECKING:
    from contox_hooks.capture.state import State


class Bridge:
    def __init__(self, git_dir: str | None, prefix: str | None) -> None:
        """As in Order."""
        self._git_dir, self._prefix = git_dir, prefix
        self._has_noted = False

    def note(self, changes: Iterable[Change]) -> None:
        """What was written: created, edited, moved to."""
        if self._git_dir is None or self._prefix is None:
            return
        kept = [change.path for change in changes if change.kind in ("created", "edited", "moved")]
        paths = [f"{self._prefix}{path}" for path in dict.fromkeys(kept) if not path.startswith("/")]
        if not paths:
            return
        from contox_hooks.capture.saved import note_saved

        try:
            state = self._state()
            if state.database.exists():
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

    def _state(self) -> State:
        """Raises RepositoryError when the repository is gone."""
        from contox_hooks.capture.state import state_of
        from contox_hooks.git.repository import from_git_dir

        return state_of(from_git_dir(Path(self._git_dir or "")))

    def _tell(self, error: Exception) -> None:
        with suppress(OSError, Error):
            self._state().write_log(f"tracker: saved files are not noted: {error}")
