"""Watches folders: the bell says where to look, the tree says what is so, the window says what to tell.

Invariant: nothing is lost silently. When the system dropped events, a `gap` is told and a rescan finds what they would
have said; one also follows a break; where the system has no watches left, or knows no inotify, rescans at an interval
do all of the work; and one now and then finds what was never announced (a file system of another machine, memory mapped
writes). Only what came and went between two looks, within a window, is not told.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.tracker.change import Change
from contox_hooks.tracker.ignore import Ignore
from contox_hooks.tracker.tree import Fact, Tree
from contox_hooks.tracker.window import Window

if TYPE_CHECKING:
    from contox_hooks.tracker.bell import Bell

_TICK_S = 0.25
"""How soon a stop is seen."""
_SILENCE_S = 5.0
_MANY = 20_000
"""Files in the window, after which it is told early: what it holds stays below some 10 MB."""
_RESCAN_S = 600.0
_SHARE = 100
"""A rescan that takes a second is worth so many seconds of waiting: at most 1 % of a core."""
_LOOKS = 256
"""At names, between two readings of the bell: some milliseconds, in which the system's queue cannot fill."""


class Watcher:
    """`roots`: further folders, also below ignored ones; what is in `root` anyway, or holds it, is left out."""

    def __init__(self, root: Path, rules: Ignore, *, roots: Sequence[Path] = (), window_s: float = 2.0) -> None:
        self._window = Window(window_s)
        self._window_s = window_s
        self._bell: Bell | None = None
        self._gaps: list[Change] = []
        self._unreadable: set[str] = set()
        self._is_full = False
        self._passed_over: set[str] = set()
        self._since_ns: int | None = time.time_ns()
        self._next_rescan = 0.0
        base = Path(os.path.realpath(root))
        self._trees = [self._tree(base, rules, "")]
        for further in dict.fromkeys(Path(os.path.realpath(path)) for path in roots):
            if base.is_relative_to(further) or _is_shown(base, rules, further):
                continue
            is_inside = further.is_relative_to(base)
            prefix = (further.relative_to(base) if is_inside else further).as_posix() + "/"
            self._trees.append(self._tree(further, rules.under(further), prefix))

    def batches(self, stop: threading.Event) -> Iterator[list[Change]]:
        """What changed since this watcher was made, until `stop` is set; then what is left. The first batch comes as
        soon as all is watched, and an empty one at least every five seconds. When it broke off, it can be asked for
        again: then a rescan finds what happened meanwhile."""
        self._is_full = False
        if sys.platform == "linux":
            from contox_hooks.tracker.bell import Bell

            try:
                self._bell = Bell()
            except OSError as error:
                self._tell_gap(f"the system has no watcher left: {error.strerror}; looking now and then")
        try:
            if self._since_ns is None:
                self._rescan()
            else:
                self._look_first(self._since_ns)
            yield self._take_gaps()
            spoken = time.monotonic()
            while not stop.is_set():
                if self._bell is None:
                    stop.wait(_TICK_S)
                else:
                    self._bell.listen(_TICK_S)
                self._look()
                changes = self._window.take_all() if len(self._window) > _MANY else self._window.take_due(time.time())
                batch = self._take_gaps() + changes
                if batch or time.monotonic() - spoken >= _SILENCE_S:
                    yield batch
                    spoken = time.monotonic()
            self._look(is_last=True)
            yield self._take_gaps() + self._window.take_all()
        finally:
            if self._bell is not None:
                self._bell.close()
                self._bell = None

    def _look_first(self, since_ns: int) -> None:
        """Who was told that it watches works on while a large tree is still read."""
        began = time.monotonic()
        for tree in self._trees:
            # A tree whose first reading broke off is read on, in the same way.
            facts = tree.check() if tree.since_ns is None else tree.rescan()
            tree.since_ns = since_ns
            for fact in facts:
                self._window.add(fact, time.time(), writes=fact.before == fact.after)
        if unsure := sum(tree.unsure for tree in self._trees):
            self._tell_gap(f"names came or went in {unsure} folders before the first look at them")
        for tree in self._trees:
            tree.since_ns = None
        self._since_ns = None
        self._rest(time.monotonic() - began)

    def _look(self, *, is_last: bool = False) -> None:
        for tree in self._trees:
            self._add(tree.check())
        if self._bell is not None:
            self._answer(self._bell)
        if self._is_full and self._bell is not None:
            self._bell.close()
            self._bell = None
            self._tell_gap("the system's limit of watches is reached; looking now and then", self._rescan())
        elif time.monotonic() >= self._next_rescan or (is_last and self._bell is None):
            count = self._rescan()
            if count and self._bell is not None:
                self._tell_gap("not announced by the system", count)

    def _answer(self, bell: Bell) -> None:
        bell.catch_up()
        for folder in bell.unwatched():
            for tree, inner in self._places(folder):
                self._add(tree.revisit(inner))
        for number, (folder, name, writes) in enumerate(bell.heard()):
            if number % _LOOKS == 0:
                bell.catch_up()
            for tree, inner in self._places(folder):
                for fact in tree.look(inner, name, written=writes > 0):
                    is_of_it = tree.absolute(fact) == f"{folder}/{name}"
                    self._window.add(fact, time.time(), writes=writes if is_of_it else 0)
        if bell.overflowed:
            bell.overflowed = False
            self._tell_gap("more happened at once than the system keeps", self._rescan())

    def _rescan(self) -> int:
        """How many facts it found that the bell says nothing of."""
        began = time.monotonic()
        found: list[str] = []
        for tree in self._trees:
            for fact in tree.rescan():  # one by one: what was found is told, also if the rest breaks off
                self._add([fact])
                found.append(tree.absolute(fact))
        self._rest(time.monotonic() - began)
        if (bell := self._bell) is None:
            return len(found)
        bell.catch_up()
        return sum(not bell.has_heard(path) for path in found)

    def _add(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._window.add(fact, time.time())

    def _places(self, folder: str) -> Iterator[tuple[Tree, str]]:
        for tree in self._trees:
            if folder == tree.base or folder.startswith(f"{tree.base}/"):
                inner = folder[len(tree.base) + 1 :]
                if inner in tree:
                    yield tree, inner

    def _tree(self, base: Path, rules: Ignore, prefix: str) -> Tree:
        return Tree(str(base), rules, prefix=prefix, cover=self._cover, forget=self._forget)

    def _cover(self, folder: str) -> None:
        if self._bell is None or self._is_full:
            return
        try:
            self._bell.cover(folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM):
                self._is_full = True
            elif error.errno == errno.EACCES and folder not in self._unreadable:
                self._unreadable.add(folder)
                self._tell_gap(f"{folder} cannot be read")
        self._bell.catch_up()

    def _forget(self, folder: str) -> None:
        if self._bell is not None:
            self._bell.forget(folder)

    def _rest(self, scan_s: float) -> None:
        """Until the next rescan."""
        share_s = scan_s * _SHARE
        self._next_rescan = time.monotonic() + max(share_s, self._window_s if self._bell is None else _RESCAN_S)

    def _tell_gap(self, why: str, count: int = 0) -> None:
        self._gaps.append(Change("gap", why, None, count, time.time()))

    def _take_gaps(self) -> list[Change]:
        for tree in self._trees:
            if (path := tree.rules.passed_over) is not None and path not in self._passed_over:
                self._passed_over.add(path)
                self._tell_gap(f"{path} is too large: only its first lines are heeded")
        gaps, self._gaps = self._gaps, []
        return gaps


def _is_shown(base: Path, rules: Ignore, path: Path) -> bool:
    """Whether a path in a tree is looked at with the rest of it."""
    if not path.is_relative_to(base):
        return False
    folder = ""
    for name in path.relative_to(base).parts:
        if rules.ignores(folder, name, is_folder=True):
            return False
        folder = f"{folder}/{name}" if folder else name
    return True
