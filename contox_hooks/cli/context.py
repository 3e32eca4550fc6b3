"""What every verb starts from: the repository here, drained, and its stores. Errors are told, never guessed around."""

from __future__ import annotations

from contox_hooks.assembly import Assembly
from contox_hooks.capture.drain import Drained
from contox_hooks.domain.error import Error, NotInitialised
from contox_hooks.git.repository import locate


class Here:
    """The parts of the current repository, and what looking for new commits found on the way in."""

    def __init__(self, parts: Assembly) -> None:
        self.parts = parts
        self.drained: Drained | None = None
        self.trouble: Error | None = None
        """Why the look failed (disk full, read-only, broken settings): `status` shows it, other verbs go on."""

    def drain(self) -> Drained | None:
        """Look now. None when another drain is at it. Raises Error."""
        self.drained = self.parts.drain().run(reconcile=True)
        if self.drained is not None and self.drained.runs:
            self.parts.start_worker()
        return self.drained


def opened(*, drain: bool = True) -> Here:
    """The repository of the working directory. Raises RepositoryError, NotInitialised."""
    parts = Assembly(locate())
    if not parts.state.database.exists():
        raise NotInitialised(f"nothing is captured in {parts.repo.common_dir.parent} yet", hint="contox-hooks init")
    here = Here(parts)
    if drain:
        try:
            here.drain()
        except Error as error:
            here.trouble = error
    return here
