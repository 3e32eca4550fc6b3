"""What every verb starts from: the repository here, drained, and its stores. Errors are told, never guessed around."""

from __future__ import annotations

import time

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.capture.drain import Drained
from contox_hooks.domain.error import Error, NotInitialised
from contox_hooks.git.repository import locate
from contox_hooks.segment import refresh_segment

WAIT_S = 0.3
"""For the drain that a hook has just started: `git commit && contox-hooks status` shows the commit."""
_POLL_S = 0.03


class Here:
    """The parts of the current repository, and what looking for new commits found on the way in."""

    def __init__(self, parts: Assembly) -> None:
        self.parts = parts
        self.drained: Drained | None = None
        self.trouble: Error | None = None
        """Why the look failed (disk full, read-only, broken settings): `status` shows it, other verbs go on."""

    def drain(self, *, wait_s: float = 0.0) -> Drained | None:
        """Look now. None when another drain is at it, after `wait_s`. Raises Error."""
        until = time.monotonic() + wait_s
        while (done := self.parts.drain().run(reconcile=True)) is None and time.monotonic() < until:
            time.sleep(_POLL_S)
        self.drained = done
        work.start_behind(self.parts, done)
        if done is not None and (done.delivered or done.runs):
            refresh_segment(self.parts)
        self.parts.start_sender()
        return done


def opened(*, drain: bool = True) -> Here:
    """The repository of the working directory. Raises RepositoryError, NotInitialised."""
    parts = Assembly(locate())
    if not parts.state.database.exists():
        raise NotInitialised(f"nothing is captured in {parts.repo.common_dir.parent} yet", hint="contox-hooks init")
    here = Here(parts)
    if drain:
        try:
            here.drain(wait_s=WAIT_S)
        except Error as error:
            here.trouble = error
    return here
