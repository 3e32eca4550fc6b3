"""What a call stands on: the repository that it is about and the memory behind it, kept open from call to call.

Must not know MCP. Invariants: a store, project or connection that is another one by now is opened anew; a repository
that is captured only after the start is found; calls at once share nothing but what is safe to share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contox_hooks.domain.error import NotConnected

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.git.repository import Repository
    from contox_hooks.mcp.memory import Memory

DRAIN_S: Final = 10.0
"""For another drain to end: it may not have asked whether the store still is the one that it was."""


class Call:
    """One call's view, made anew for each: what it asks for is looked up when it asks."""

    def __init__(self, desk: Desk, folders: Sequence[Path]) -> None:
        self._desk = desk
        self._folders = folders

    @cached_property
    def repo(self) -> Repository:
        """Raises UsageError, NotInitialised, RepositoryError."""
        return self.repo_of(None)

    def repo_of(self, directory: str | None) -> Repository:
        """As `repo`; of the folder that the agent named, where it named one."""
        from contox_hooks.mcp.root import captured_repository

        return captured_repository(self._folders, directory)

    @property
    def memory(self) -> Memory:
        """Raises as `repo`; NotConnected, StoreError."""
        return self.memory_of(self.repo)

    def memory_of(self, repo: Repository) -> Memory:
        return self._desk.memory(repo)


class Desk:
    def __init__(
        self, open_memory: Callable[[Repository], Memory], prepare: Callable[[], object] | None = None
    ) -> None:
        """`open_memory`: `local_memory`, or `server_memory`; `prepare`: what the first search would wait for."""
        self._open_memory = open_memory
        self._prepare = prepare
        self._kept: dict[Path, tuple[Hashable, Memory]] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Behind the caller's back, once."""
        prepare, self._prepare = self._prepare, None
        if prepare is not None:
            threading.Thread(target=prepare, name="prepare", daemon=True).start()

    def memory(self, repo: Repository) -> Memory:
        mark = _mark(repo)
        with self._lock:
            kept = self._kept.get(repo.common_dir)
            if kept is None or kept[0] != mark:
                made = self._open_memory(repo)
                kept = self._kept[repo.common_dir] = (_mark(repo), made)  # opening may make the store
            return kept[1]


@contextmanager
def parts_of(repo: Repository) -> Iterator[Assembly]:
    """One thread's own, with settings as they are now; a store that it opens is closed behind it."""
    from contox_hooks.assembly import Assembly

    parts = Assembly(repo)
    try:
        yield parts
    finally:
        if "service" in vars(parts):
            parts.service.close()


def local_memory(repo: Repository) -> Memory:
    """This machine's. As with every verb a look is taken for what no hook told; nobody waits for it."""
    from contox_hooks.mcp.local import LocalMemory

    with parts_of(repo) as parts:
        memory = LocalMemory.of(parts)
    threading.Thread(target=_look, args=(repo,), name="look", daemon=True).start()
    return memory


def _look(repo: Repository) -> None:
    from contox_hooks import work
    from contox_hooks.domain.error import Error

    with parts_of(repo) as parts:
        try:
            work.start_behind(parts, parts.drain().run(wait_s=DRAIN_S, reconcile=True))
            parts.start_sender()
        except Error as error:
            parts.state.write_log(f"mcp: {error.message}")


def prepare_search() -> None:
    """Half a second of imports and weights."""
    import contox_hooks.mcp.local  # noqa: F401  # imports
    from contox_hooks.embedder import embedder_if_any

    embedder_if_any()


def server_memory(repo: Repository) -> Memory:
    """Raises NotConnected, AccessRefused, StoreError."""
    from contox_hooks.link import Link
    from contox_hooks.mcp.remote import RemoteMemory

    with parts_of(repo) as parts:
        connection = parts.connection
    if connection is None:
        raise NotConnected("this repository is connected to no server", hint="the user can run: contox-hooks connect")
    return RemoteMemory.of(Link(connection))


_CALL: ContextVar[Call] = ContextVar("call")


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Within it, in threads started from it too, `the_call` is this one."""
    token = _CALL.set(call)
    try:
        yield
    finally:
        _CALL.reset(token)


def the_call() -> Call:
    return _CALL.get()


def _mark(repo: Repository) -> Hashable:
    """Changes when what a memory was opened on is not there any more, or another."""
    from contox_hooks.capture.state import state_of
    from contox_hooks.connection import connection_path
    from contox_hooks.place import memory_path

    state = state_of(repo)
    return tuple(_identity(path) for path in (state.database, memory_path(), connection_path(state.root)))


def _identity(path: Path) -> Hashable:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
