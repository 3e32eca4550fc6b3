"""Many facts about a file within a window of time become one change: what the file is now against what it was before.

Pure; time is handed in. A file that came and went within its window has not changed; one that was written beside and
moved over another (how editors save) is an edit of that other.
"""

from __future__ import annotations

from contox_hooks.tracker.change import Change, Kind
from contox_hooks.tracker.tree import Fact


class _Told:
    __slots__ = ("after", "at", "before", "came", "left", "writes")

    def __init__(self, before: int | None, at: float) -> None:
        self.before, self.after, self.at = before, before, at
        self.came: int | None = None
        """What first stood here that was not here before."""
        self.left = before
        """What stood here last."""
        self.writes = 0

    def kind(self) -> Kind | None:
        if self.before is None:
            return None if self.after is None else "created"
        if self.after is None:
            return "deleted"
        return "edited" if self.after != self.before or self.writes else None


class Window:
    """Opens for a path with its first fact, for `length_s`. Times are seconds of one clock, which may be set back."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._told: dict[str, _Told] = {}

    def __len__(self) -> int:
        return len(self._told)

    def add(self, fact: Fact, at: float, *, writes: int = 0) -> None:
        told = self._told.get(fact.path)
        if told is None:
            told = self._told[fact.path] = _Told(fact.before, at)
        told.after = fact.after
        told.writes += writes
        if fact.after is not None:
            told.left = fact.after
            if told.came is None and fact.after != told.before:
                told.came = fact.after

    def take_due(self, now: float) -> list[Change]:
        """Of the windows that are over, in the order in which they opened; the two ends of a move are one change, when
        the window of either is over."""
        due = []
        for path, told in self._told.items():
            if 0 <= now - told.at < self._length_s:
                break
            due.append(path)
        return self._take(due) if due else []

    def take_all(self) -> list[Change]:
        return self._take(list(self._told))

    def _take(self, paths: list[str]) -> list[Change]:
        known = self._told.items()
        left = {told.left: path for path, told in known if told.before is not None and told.after is None}
        came = {told.came: path for path, told in known if told.came in left and told.after is not None}
        changes = []
        for path in paths:
            if (told := self._told.get(path)) is None:
                continue  # the other end of a move
            is_gone = told.after is None
            source = left.get(told.left if is_gone else told.came)
            target = came.get(told.left) if is_gone else path
            if path in (source, target) and source in self._told and target in self._told:
                moved = self._told.pop(source), self._told.pop(target)
                at = min(end.at for end in moved)
                changes.append(Change("moved", target, source, max(1, moved[1].writes), at))
                continue
            del self._told[path]
            if (kind := told.kind()) is not None:
                changes.append(Change(kind, path, None, max(1, told.writes), told.at))
        return changes
