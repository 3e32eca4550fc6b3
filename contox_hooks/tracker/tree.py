"""What a tree of files was when it was last looked at, and how it differs now: the truth behind the doorbell.

Kept a folder at a time, a name and one number a file, so that 50,000 files take some 8 MB. Ignored folders are known by
name and never read; symbolic links are files and never followed. Whoever watches is told of each folder before it is
read (`cover`), so that what happens during the reading is heard.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from contox_hooks.tracker.ignore import FILE, Ignore

_IGNORED = 0
_LOW = (1 << 64) - 1


class Fact(NamedTuple):
    """A file that is not what it was. A stamp stands for one content in one inode; None: no such file; the same twice:
    written all the same."""

    path: str
    before: int | None
    after: int | None


class Tree:
    """`base`: absolute. `prefix`: put before the paths of facts, with its slash. `cover` and `forget` get absolute
    folders."""

    def __init__(
        self,
        base: str,
        rules: Ignore,
        *,
        prefix: str = "",
        cover: Callable[[str], None] = lambda _: None,
        forget: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.base = base
        self.rules = rules
        self.since_ns: int | None = None
        """While it is set, folders are read for the first time: a file is a fact only if it was touched after this
        time of the file system."""
        self.unsure = 0
        """Such folders in which names came or went after it; what went from there is not known."""
        self._prefix = prefix
        self._cover, self._forget = cover, forget
        self._base: int | None = None
        """Its inode."""
        self._folders: dict[str, dict[str, int]] = {}
        """Names in a folder to a file's stamp, a folder's inode below zero, or _IGNORED."""
        self._touched: set[str] = set()
        """Names that the last reading found touched after `since_ns`."""

    def __contains__(self, folder: str) -> bool:
        return folder in self._folders

    def absolute(self, fact: Fact) -> str:
        return self._absolute(fact.path[len(self._prefix) :])

    def check(self) -> Iterator[Fact]:
        """Whether the base is the one that it was: read for the first time, gone, here again."""
        try:
            base = os.lstat(self.base).st_ino
        except OSError:
            base = None
        if base != self._base:
            self._base = base
            yield from self._drop("")
            if base is not None:
                yield from self._adopt("")

    def look(self, folder: str, name: str, *, written: bool = False) -> Iterator[Fact]:
        """At one name in a folder; a new folder is read with all below it, one that is gone takes its files along. What
        was `written` is a fact even if it looks as before (the same size, within one tick of the file system's clock).
        """
        names = self._folders.get(folder)
        if names is None:
            return
        path = f"{folder}/{name}" if folder else name
        try:
            status = os.lstat(self._absolute(path))
        except OSError:
            now = None
        else:
            is_folder = stat.S_ISDIR(status.st_mode)
            old = names.get(name, _IGNORED)
            unknown = old == _IGNORED or is_folder != (old < 0)
            now = _IGNORED if unknown and self.rules.ignores(folder, name, is_folder=is_folder) else _stamp(status)
        is_same = names.get(name) == now
        if name == FILE and (written or not is_same):
            yield from self._rejudge(folder)
        elif not is_same:
            yield from self._replace(folder, name, now)
        elif written and now is not None and now > 0:
            yield Fact(self._prefix + path, now, now)

    def rescan(self) -> Iterator[Fact]:
        """All that differs now."""
        yield from self.check()
        for folder in list(self._folders):
            yield from self.revisit(folder)

    def revisit(self, folder: str) -> Iterator[Fact]:
        """At all names in a folder, which may be another one of the same name and number, and not watched yet."""
        if (names := self._folders.get(folder)) is None:
            return
        self._cover(self._absolute(folder))
        if (now := self._read(folder, names)) is None:
            return
        if now.get(FILE) != names.get(FILE):
            yield from self._rejudge(folder)
            return
        for name in {**names, **now}:
            yield from self._replace(folder, name, now.get(name))

    def _rejudge(self, changed: str) -> Iterator[Fact]:
        """Under new rules: what is ignored no longer, or from now on, has not changed by that."""
        self.rules.reread(changed)
        for folder in self._with_all_below(changed):
            if (names := self._folders.get(folder)) is not None and (now := self._read(folder, {})) is not None:
                for name in {**names, **now}:
                    old, new = names.get(name), now.get(name)
                    facts = self._replace(folder, name, new)
                    if old is None or new is None or (old == _IGNORED) == (new == _IGNORED):
                        yield from facts
                    else:
                        for _ in facts:
                            pass

    def _replace(self, folder: str, name: str, now: int | None) -> Iterator[Fact]:
        if (names := self._folders.get(folder)) is None:
            return
        old = names.get(name)
        path = f"{folder}/{name}" if folder else name
        if old == now and (now is None or now >= 0 or path in self._folders):  # else its reading broke off
            return
        if now is None:
            del names[name]
        else:
            names[name] = now
        was_file, is_file = old is not None and old > 0, now is not None and now > 0
        if old is not None and old < 0:
            yield from self._drop(path)
        if was_file or is_file:
            yield Fact(self._prefix + path, old if was_file else None, now if is_file else None)
        if now is not None and now < 0:
            yield from self._adopt(path)

    def _adopt(self, folder: str) -> Iterator[Fact]:
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            self._cover(self._absolute(folder))
            is_new = self.since_ns is None or self._has_new_names(folder, self.since_ns)
            names = self._folders[folder] = self._read(folder, {}) or {}
            start = f"{folder}/" if folder else ""
            for name, stamp in names.items():
                if stamp < 0:
                    waiting.append(start + name)
                elif stamp > 0 and (self.since_ns is None or name in self._touched):
                    yield Fact(f"{self._prefix}{start}{name}", None if is_new else stamp, stamp)

    def _has_new_names(self, folder: str, since_ns: int) -> bool:
        try:
            is_so = os.lstat(self._absolute(folder)).st_mtime_ns > since_ns
        except OSError:
            return False
        self.unsure += is_so
        return is_so

    def _drop(self, folder: str) -> Iterator[Fact]:
        for known in self._with_all_below(folder):
            start = f"{self._prefix}{known}/" if known else self._prefix
            names = self._folders.pop(known)
            self.rules.forget(known)
            self._forget(self._absolute(known))
            for name, stamp in names.items():
                if stamp > 0:
                    yield Fact(start + name, stamp, None)

    def _with_all_below(self, folder: str) -> list[str]:
        found = [folder] if folder in self._folders else []
        for known in found:  # grows while it is walked
            start = f"{known}/" if known else ""
            below = (start + name for name, stamp in self._folders[known].items() if stamp < 0)
            found.extend(path for path in below if path in self._folders)
        return found

    def _read(self, folder: str, known: dict[str, int]) -> dict[str, int] | None:
        """Names in a folder now; None when it is gone or cannot be read. Names that are known are not judged again."""
        found: dict[str, int] = {}
        self._touched = set()
        try:
            with os.scandir(self._absolute(folder)) as entries:
                for entry in entries:
                    name = entry.name
                    if (old := known.get(name)) == _IGNORED:
                        found[name] = _IGNORED
                        continue
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if old is None and self.rules.ignores(folder, name, is_folder=is_folder):
                        found[name] = _IGNORED
                        continue
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue  # gone since
                    found[name] = _stamp(status)
                    if self.since_ns is not None and status.st_ctime_ns > self.since_ns:
                        self._touched.add(name)
        except OSError:
            return None
        return found

    def _absolute(self, folder: str) -> str:
        return f"{self.base}/{folder}" if folder else self.base


def _stamp(status: os.stat_result) -> int:
    """Of anything but a folder or a file with content, such as a pipe: ignored."""
    if stat.S_ISDIR(status.st_mode):
        return -status.st_ino
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        return _IGNORED
    return status.st_ino << 128 | (status.st_mtime_ns & _LOW) << 64 | (status.st_size & _LOW)
