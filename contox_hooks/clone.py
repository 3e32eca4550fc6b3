"""Clones of a project on this machine: linked by hand for deep enrichment, and what waits in each for a server.

Reads git and capture databases of others' processes; must not send or change what is captured. Invariant: a folder is
linked to one project at most, and to none whose history is another repository's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.assembly import identity
from contox_hooks.capture.outbox import Outbox, Parcel, Waiting
from contox_hooks.capture.state import state_of
from contox_hooks.capture.store import CaptureCounts, CaptureStore
from contox_hooks.connection import Connection, read_connection
from contox_hooks.domain.error import Error, Refused, UsageError
from contox_hooks.git.repository import from_git_dir, locate
from contox_hooks.memory.project import Project, Projects

PARCELS = 50
"""Shown a clone; the counts are of all."""


def link(projects: Projects, project: Project, folder: str) -> Path:
    """The common git directory of a folder on this machine, which is the project's from now on.

    Raises UsageError for what is no absolute path of a folder, RepositoryError, Refused for another project's.
    """
    if not folder.isprintable() or not Path(folder).is_absolute():
        raise UsageError("the path of a folder on the server's machine begins with /")
    if not os.path.isdir(folder):  # noqa: PTH112 - False also where one may not look
        raise UsageError(f"there is no folder {folder} that can be read")
    repo = locate(Path(folder))
    root = identity(repo)["root_commit"]
    if project.root_commit is not None and root is not None and root != project.root_commit:
        raise Refused(f"{repo.common_dir} is another repository: it begins with commit {root[:12]}")
    projects.link(project.id, repo.common_dir)
    return repo.common_dir


def is_present(common_dir: Path) -> bool:
    return (common_dir / "objects").is_dir()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a clone holds, and what of it a server does not have yet."""

    common_dir: Path
    counts: CaptureCounts | None = None
    """None: nothing is captured there."""
    connection: Connection | None = None
    waiting: Waiting | None = None
    """None: it is connected to no server."""
    parcels: tuple[Parcel, ...] = ()
    """Waiting, quarantined, dropped; the first ones."""
    problem: str = ""
    """Why it cannot be read."""


def outgoing(clones: Iterable[Path]) -> Iterator[Outgoing]:
    """Of those that are still there."""
    for common_dir in clones:
        if is_present(common_dir):
            try:
                yield _outgoing(common_dir)
            except (Error, OSError) as error:
                yield Outgoing(common_dir, problem=str(error))


def _outgoing(common_dir: Path) -> Outgoing:
    state = state_of(from_git_dir(common_dir))
    if not state.database.exists():
        return Outgoing(common_dir)
    connection = read_connection(state.root)
    with CaptureStore.open(state.database) as store:
        counts = store.counts()
        if connection is None:
            return Outgoing(common_dir, counts)
        outbox = Outbox(store, connection)
        parcels = tuple(outbox.parcels("waiting", "quarantined", "dropped", limit=PARCELS))
        return Outgoing(common_dir, counts, connection, outbox.waiting(), parcels)
