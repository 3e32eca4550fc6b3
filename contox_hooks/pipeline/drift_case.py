"""What a worker remembers of items between sessions: what a change would have to touch to matter to them.

Owns the reading of all items in a file at once, and the bound of what is kept. Invariant: an item is what the store
says now: what was worked out is used again only while the words that it was worked out from are the same.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from contox_hooks.domain.item import Evidence, ItemStatus
from contox_hooks.memory.sql import drift as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.drift import FileText, cited_by, stakes_in, stands
from contox_hooks.pipeline.drift_definition import definitions_in, may_define, names_in
from contox_hooks.pipeline.drift_name import Names
from contox_hooks.pipeline.drift_sieve import Citations, Sieve
from contox_hooks.pipeline.source.language import reader_of

MAX_CASES = 4000
"""Items remembered; 2 KB each."""

Stakes = Mapping[str, Sequence[str]]
"""Path to cited lines and the names in the title (drift.py)."""
_Rows = tuple[tuple[str, ...], ...]
_Words = tuple[str, str, _Rows, _Rows]
"""Title, files, evidence with a path (id, commit, quote, path), names of the files (id, path, cited as)."""


@dataclass(slots=True)
class Case:
    """An item, as far as it takes to say that a change cannot matter to it."""

    words: _Words
    """All that the rest follows from."""
    cited: Stakes
    """Without the names in the title."""
    titled: frozenset[str]
    """Those names."""
    stakes: Stakes
    names: Names
    """For reading only."""
    all_names: frozenset[str]
    citations: Citations
    _stood: tuple[str, Stakes, Citations] | None = field(default=None)

    def stood(self, own: str, then: FileText) -> Stakes:
        """The stakes without what did not stand, or was not defined, at the item's own commit: nothing can take that
        away. Raises GitFailed."""
        return self._narrowed(own, then)[1]

    def citations_that_stood(self, own: str, then: FileText) -> Citations:
        """Raises GitFailed."""
        return self._narrowed(own, then)[2]

    def _narrowed(self, own: str, then: FileText) -> tuple[str, Stakes, Citations]:
        if self._stood is None or self._stood[0] != own:
            kept = {path: self._standing(path, lines, then) for path, lines in self.stakes.items()}
            stakes = {path: lines for path, lines in kept.items() if lines or not self.cited}
            self._stood = own, stakes, _citations(stakes, self.names)
        return self._stood

    def _standing(self, path: str, stakes: Sequence[str], then: FileText) -> Sequence[str]:
        text = then(path) if stakes else None
        if text is None:  # the item's commit may have it by another name
            return stakes
        count = len(self.cited.get(path, ()))
        return [*(line for line in stakes[:count] if stands(line, text)), *self._defined(path, stakes[count:], text)]

    def _defined(self, path: str, names: Sequence[str], text: str) -> Sequence[str]:
        likely = [name for name in names if may_define(name, text)]
        if not likely or not any(reader_of(name) for name in self.names.of(path)):
            return ()
        found = definitions_in(path, text, whole=False)
        return likely if found is None else [name for name in likely if name in found]


@dataclass(frozen=True, slots=True)
class Standing:
    """An item as the store has it now."""

    item_id: str
    session_id: str | None
    status: ItemStatus
    reason: str | None
    case: Case

    def may_be_met_by(self, sieve: Sieve) -> bool:
        """Whether the change renames one of its files, or may take away or give back what it cites."""
        if sieve.paths.isdisjoint(self.case.all_names):
            return False
        if not sieve.renamed.isdisjoint(self.case.all_names):
            return True
        return sieve.lets_through(self.case.citations, is_standing=self.status == "active")


class Cases:
    """Of one project."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Case] = OrderedDict()

    def standing_in(self, store: Store, project_id: str, paths: Iterable[str]) -> list[Standing]:
        """Active items and those in review whose files have one of these names, by their ids."""
        found: dict[str, Standing] = {}
        for path in paths:
            here = {"project_id": project_id, "path": path}
            rows = [row for row in store.rows(sql.ITEMS_IN_FILE, **here) if row["id"] not in found]
            if not rows:
                continue
            evidence = _by_item(store.rows(sql.EVIDENCE_IN_FILE, **here))
            links = _by_item(store.rows(sql.NAMES_IN_FILE, **here))
            for row in rows:
                item_id = row["id"]
                words = row["title"], row["files"], tuple(evidence.get(item_id, ())), tuple(links.get(item_id, ()))
                case = self._case(item_id, words)
                found[item_id] = Standing(item_id, row["session_id"], row["status"], row["status_reason"], case)
        return [found[item_id] for item_id in sorted(found)]

    def _case(self, item_id: str, words: _Words) -> Case:
        case = self._kept.pop(item_id, None)
        if case is None or case.words != words:
            case = _case_of(words)
        self._kept[item_id] = case
        if len(self._kept) > MAX_CASES:
            self._kept.popitem(last=False)
        return case


def _case_of(words: _Words) -> Case:
    title, files, evidence, links = words
    names = Names((path, cited_as) for _, path, cited_as in links)
    cited = cited_by(Evidence(sha, quote, path) for _, sha, quote, path in evidence)
    titled = names_in(title)
    stakes = stakes_in(titled, json.loads(files), cited)
    return Case(words, cited, titled, stakes, names, frozenset(names), _citations(stakes, names))


def _citations(stakes: Stakes, names: Names) -> Citations:
    return {path: (lines, names.of(path)) for path, lines in stakes.items()}


def _by_item(rows: Iterable[Row]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(tuple(row))
    return found
