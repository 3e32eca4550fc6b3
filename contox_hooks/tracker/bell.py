"""The doorbell: says at which names to look, by Linux's inotify. Says nothing of what is there now.

A folder is covered by itself, so that ignored ones cost nothing. The system keeps at most `max_queued_events` (16,384)
that nobody has read yet and says so when it dropped some: `overflowed`.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import suppress

from inotify_simple import INotify, flags

_MASK = (
    flags.CREATE | flags.MODIFY | flags.CLOSE_WRITE | flags.ATTRIB | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
    | flags.ONLYDIR | flags.DONT_FOLLOW | flags.EXCL_UNLINK
)  # fmt: skip
_QUIET_S = 0.02
"""A burst is over after so long without an event: what an editor makes and moves away in one save is gone by then."""
_BURST_S = 0.1
"""Looked at after so long all the same."""


class Writes:
    """What was heard of one name."""

    __slots__ = ("closed", "modified")

    def __init__(self) -> None:
        self.modified = 0
        self.closed = 0

    def count(self) -> int:
        """A save is up to two modifications (cut to nothing, written) and one closing; more were writes of their own
        to a file that stays open."""
        return self.closed if 0 < self.modified <= 2 * self.closed else self.modified


class Bell:
    """Raises OSError when the system has no more to give (EMFILE)."""

    def __init__(self) -> None:
        self._inotify = INotify()
        self._ready = select.poll()
        self._ready.register(self._inotify.fileno(), select.POLLIN)
        self._folder_of: dict[int, str] = {}
        self._number_of: dict[str, int] = {}
        self._heard: dict[tuple[str, str], Writes] = {}
        self._unwatched: list[str] = []
        self.overflowed = False

    def close(self) -> None:
        self._inotify.close()

    def cover(self, folder: str) -> None:
        """Again is fine. Raises OSError: ENOSPC at the system's limit of watches; gone; not to be read."""
        number = self._inotify.add_watch(folder, _MASK)
        self._folder_of[number] = folder  # a folder that moved keeps its number
        self._number_of[folder] = number

    def forget(self, folder: str) -> None:
        number = self._number_of.pop(folder, None)
        if number is not None and self._folder_of.get(number) == folder:
            del self._folder_of[number]
            with suppress(OSError):  # gone with the folder
                self._inotify.rm_watch(number)

    def listen(self, timeout_s: float) -> None:
        """Until something was heard and it is quiet again, or the timeout."""
        if not self._ready.poll(timeout_s * 1000):
            return
        until = time.monotonic() + _BURST_S
        while True:
            self.catch_up()
            if time.monotonic() > until or not self._ready.poll(_QUIET_S * 1000):
                return

    def catch_up(self) -> None:
        """Take what waits, so that the queue stays short while its reader is busy."""
        for number, mask, _, name in self._inotify.read(timeout=0):
            if mask & flags.Q_OVERFLOW:
                self.overflowed = True
            folder = self._folder_of.get(number)
            if folder is None:
                continue
            if mask & flags.IGNORED:
                del self._folder_of[number]
                self._unwatched.append(folder)
            elif name:
                writes = self._heard.setdefault((folder, name), Writes())
                writes.modified += bool(mask & flags.MODIFY)
                writes.closed += bool(mask & flags.CLOSE_WRITE)

    def heard(self) -> Iterator[tuple[str, str, int]]:
        """Folder, name and the writes to it since it was last given here, in the order of first hearing. What is heard
        meanwhile is for the next time."""
        heard, self._heard = self._heard, {}
        for (folder, name), writes in heard.items():
            yield folder, name, writes.count()

    def has_heard(self, path: str) -> bool:
        """Of this name or of a folder that it is in, and has not given it out yet."""
        while path:
            folder, _, name = path.rpartition("/")
            if (folder, name) in self._heard:
                return True
            path = folder
        return False

    def unwatched(self) -> list[str]:
        """Folders whose watch ended since the last time: gone, or replaced by another of the same name."""
        unwatched, self._unwatched = self._unwatched, []
        return unwatched
