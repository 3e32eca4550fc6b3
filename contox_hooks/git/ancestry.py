"""Whether one commit is in another's history, for one question or for tens of thousands.

The first questions are git's own: it knows its commit-graph, and a commit's drift check asks few. Who goes on asking
(a backfill) has the graph of all refs read once, by one process, and is answered from memory. Invariant: both ways
give the same answer; None is said only where git does not have both commits.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import heappop, heappush

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, stream

PATIENCE = 8
"""Questions asked of git before its graph is read: 5 to 400 ms each, a graph of 80,000 commits a second or two."""
MAX_COMMITS = 300_000
"""A larger graph is not read: 200,000 take 70 MB."""
_NONE = -1
_HEX = 40


class Ancestry:
    """Of one repository, as its refs stood when the graph was read; what they did not hold is asked of git."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._asked = 0
        self._graph: _Graph | None = None
        self._walk: _Walk | None = None

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether the history of `newer` holds `older`, itself included."""
        if older == newer:
            return True
        self._asked += 1
        if self._asked == PATIENCE + 1:
            with suppress(GitFailed):
                self._graph = _graph(self._repo)
        known = self._known(older, newer)
        return self._of_git(older, newer) if known is None else known

    def _known(self, older: str, newer: str) -> bool | None:
        if self._graph is None:
            return None
        first, last = self._graph.place(older), self._graph.place(newer)
        if first is None or last is None:
            return None
        if self._walk is None or self._walk.start != last:
            self._walk = _Walk(self._graph, last)
        return self._walk.reaches(first)

    def _of_git(self, older: str, newer: str) -> bool | None:
        try:
            self._repo.git("merge-base", "--is-ancestor", older, newer)
        except GitFailed as error:
            return False if error.returncode == 1 else None
        return True


class _Graph:
    """Commits by their place in `rev-list --date-order`: a parent's is always higher than its child's."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        ids: dict[bytes, int] = {}  # in the order of their first mention
        order, firsts, others = array("i"), array("i"), {}
        for line in lines:
            sha, *parents = (ids.setdefault(bytes.fromhex(word.decode()), len(ids)) for word in line.split())
            if len(parents) > 1:
                others[len(order)] = parents[1:]
            order.append(sha)
            firsts.append(parents[0] if parents else _NONE)
        places = array("i", bytes(len(ids) * order.itemsize))
        for place, sha in enumerate(order):
            places[sha] = place
        self._places = {sha: places[found] for sha, found in ids.items()}
        self._sorted: list[bytes] | None = None
        self._firsts = array("i", (first if first == _NONE else places[first] for first in firsts))
        self._others = {place: [places[parent] for parent in parents] for place, parents in others.items()}

    def __len__(self) -> int:
        return len(self._firsts)

    def place(self, sha: str) -> int | None:
        """Of a commit by its name, whole or cut; None when it is not here or the cut name is not its own."""
        low, high = sha.ljust(_HEX, "0"), sha.ljust(_HEX, "f")
        with suppress(ValueError):
            if low == high:
                return self._places.get(bytes.fromhex(sha))
            if self._sorted is None:
                self._sorted = sorted(self._places)
            found = bisect_left(self._sorted, bytes.fromhex(low))
            same = self._sorted[found : bisect_right(self._sorted, bytes.fromhex(high))]
            return self._places[same[0]] if len(same) == 1 else None
        return None

    def parents(self, place: int) -> Iterator[int]:
        if self._firsts[place] != _NONE:
            yield self._firsts[place]
            yield from self._others.get(place, ())


class _Walk:
    """From one commit back in time, as far as was asked so far."""

    def __init__(self, graph: _Graph, start: int) -> None:
        self.start = start
        self._graph = graph
        self._seen = {start}
        self._ahead = [start]

    def reaches(self, place: int) -> bool:
        while self._ahead and self._ahead[0] < place:
            for parent in self._graph.parents(heappop(self._ahead)):
                if parent not in self._seen:
                    self._seen.add(parent)
                    heappush(self._ahead, parent)
        return place in self._seen


def _graph(repo: Repository) -> _Graph | None:
    """None when there are too many commits. Raises GitFailed."""
    words = ("rev-list", "--date-order", "--parents", "--all", f"--max-count={MAX_COMMITS + 1}")
    with stream(repo.common_dir, *words) as process:
        assert process.stdout is not None
        graph = _Graph(process.stdout)
        if process.wait() != 0:
            raise GitFailed(words, process.returncode, "the history is not whole")
    return graph if len(graph) <= MAX_COMMITS else None
