"""Which items may answer a query: by words, by meaning, in active files; and what the ranking wants to know of them.

Owns the bounds: how much is read whatever the store holds. Must not know how candidates are ranked. Invariant: an item
with a word that decides is not hidden behind items that a filter leaves out; where those are few, the newest that pass
the filter are looked at themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any
from weakref import WeakKeyDictionary

from contox_hooks.domain.item import ItemStatus, ItemType
from contox_hooks.domain.path import Exclusions
from contox_hooks.memory.among import rows_among
from contox_hooks.memory.search_kept import Kept, unchanged
from contox_hooks.memory.search_rank import Asked, Candidate, rarity
from contox_hooks.memory.sql import search as sql
from contox_hooks.memory.store import Store
from contox_hooks.memory.word import asked_words

POOL = 30
"""Candidates by words, when no more hits are asked for; with 100 the same is found (benchmarks/find.py)."""
_MAX_ROWS = 1500
"""Rows that the index is made to weigh, about a microsecond each: the rarest words that together hold so few decide who
may answer; the commoner ones count in the ranking."""
_MAX_FILTERED = 200
"""Items that are ranked directly, newest first, when the words' own do not fill the pool."""
_MAX_COUNTS = 20_000
"""Words whose counts are kept, some 3 MB."""
_COUNTS: Kept[dict[str, int]] = WeakKeyDictionary()
_COLUMNS = ("title", "facts", "rationale", "files", "tags")


@dataclass(frozen=True, slots=True)
class Filters:
    """What an answer must be. `schema_key` is a prefix; `file` a path, a folder, or a pattern as in .gitignore; `since`
    in seconds since the epoch; `status` None: what is shown, active and review."""

    type: ItemType | None = None
    schema_key: str | None = None
    status: ItemStatus | None = None
    file: str | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the index knows it."""

    asked: Asked
    deciding: tuple[str, ...] = ()
    """Words that find candidates, the rarest first."""
    rows: int = 0
    """How many the index holds of them together."""


@dataclass(frozen=True, slots=True)
class Near:
    """What meaning knows: the query's vector, an item's best chunk by cosine, and how titles become vectors."""

    query: Any
    cosines: Mapping[str, float] = field(default_factory=dict)
    """The nearest items, nearest first."""
    embed: Any = None


def question_of(store: Store, project_id: str, query: str, active_files: Iterable[str] = ()) -> Question:
    words = asked_words(query)
    if not words:
        return Question(Asked((), {}, None, frozenset(active_files)))
    holding = _Holding(store, project_id)
    items = holding()
    counts = {word: holding(word) for word in words}
    begun = None
    if not counts[words[-1]]:
        counts[words[-1]] = holding(words[-1], begun=words[-1])
        begun = words[-1] if counts[words[-1]] else None
    held = {word: count for word, count in counts.items() if count}
    asked = Asked(tuple(held), {word: rarity(items, n) for word, n in held.items()}, begun, frozenset(active_files))
    deciding: list[str] = []
    rows = 0
    for word in sorted(held, key=lambda word: (held[word], word)):
        if deciding and rows + held[word] > _MAX_ROWS:
            break
        deciding.append(word)
        rows += held[word]
    return Question(asked, tuple(deciding), rows)


class _Holding:
    """How many of a project's items hold what. Counting a common word walks over all that have it, and common words
    are asked for again and again: the answers stay until the store changes."""

    def __init__(self, store: Store, project_id: str) -> None:
        self._store = store
        self._project_id = project_id
        self._known = unchanged(_COUNTS, store, project_id, dict[str, int])

    def __call__(self, *words: str, begun: str | None = None) -> int:
        query = self._store.own(sql.query(self._project_id, words, begun))
        count = self._known.get(query)
        if count is None:
            count = self._store.count(sql.HOLDING, query=query)
            if len(self._known) >= _MAX_COUNTS:
                self._known.clear()
            self._known[query] = count
        return count


def candidates(
    store: Store, project_id: str, question: Question, near: Near | None, filters: Filters, *, pool: int = POOL
) -> list[Candidate]:
    """At most `pool` by words, half as many by meaning and in active files, each with what the ranking looks at."""
    passing = _Passing(store, project_id, filters)
    worded = passing.first(pool, _by_words(store, project_id, question, pool))
    if len(worded) < pool and question.deciding:
        worded += passing.newest()
    meant = passing.first(-(-pool // 2), near.cosines) if near else []
    active = sorted(question.asked.active_files)
    in_files = (row["id"] for row in rows_among(store, sql.IN_FILES, active, project_id=project_id))
    touching = passing.first(-(-pool // 2), in_files)
    ids = list(dict.fromkeys(chain(worded, meant, touching)))
    rows = list(rows_among(store, sql.DOCUMENTS, ids))
    files: dict[str, list[str]] = {}
    for row in rows_among(store, sql.FILES, ids) if active else ():
        files.setdefault(row["id"], []).append(row["path"])
    cosines: list[float] | list[None] = [None] * len(rows)
    if near is not None and rows:
        cosines = (near.embed([row["name"] for row in rows]) @ near.query).tolist()
    return [
        Candidate(
            row["id"], row["at_utc"], {name: row[name] for name in _COLUMNS}, cosine,
            near.cosines.get(row["id"]) if near else None, tuple(files.get(row["id"], ())),
        )
        for row, cosine in zip(rows, cosines, strict=True)
    ]  # fmt: skip


def _by_words(store: Store, project_id: str, question: Question, pool: int) -> Iterator[str]:
    if question.deciding:
        asked, words = question.asked, question.deciding
        query = store.own(sql.query(project_id, words, asked.begun))
        weighed = {"words": sql.terms(words, asked.begun), "rarities": [asked.weights[word] for word in words]}
        # Where even the rarest word is everywhere, weighing would say little and cost much: the newest, then.
        statement = sql.CANDIDATES if question.rows <= _MAX_ROWS else sql.NEWEST_CANDIDATES
        told = 0
        for limit in (min(pool * 4, _MAX_ROWS), _MAX_ROWS):  # the second only where a filter wants it
            rows = store.rows(statement, query=query, limit=limit, **weighed)
            yield from (row["id"] for row in rows[told:])
            told = len(rows)
            if told < limit:
                return


class _Passing:
    """The filters, asked for some ids at a time."""

    def __init__(self, store: Store, project_id: str, filters: Filters) -> None:
        self._store = store
        self._values = {
            "project_id": project_id, "type": filters.type, "status": filters.status, "since": filters.since,
            "low": filters.schema_key, "high": filters.schema_key and filters.schema_key + "\U0010ffff",
        }  # fmt: skip
        self._all_pass = filters == Filters()
        self._in_file: set[str] | None = None
        if filters.file is not None:
            paths = [row["path"] for row in store.rows(sql.PATHS, project_id=project_id)]
            wanted = _pattern(filters.file)
            named = [path for path in paths if wanted.matches(path)]
            self._in_file = {row["id"] for row in rows_among(store, sql.IN_FILES, named, project_id=project_id)}

    def first(self, count: int, ids: Iterable[str]) -> list[str]:
        """The first of them that pass, in their order."""
        kept: list[str] = []
        waiting = (item_id for item_id in ids if self._in_file is None or item_id in self._in_file)
        while len(kept) < count and (some := list(islice(waiting, count * 2))):
            passed = {row["id"] for row in rows_among(self._store, sql.PASSING, some, **self._values)}
            kept += [item_id for item_id in some if item_id in passed]
        return kept[:count]

    def newest(self) -> list[str]:
        """What passes, newest first, whatever it says; nothing without a filter, which everything passes."""
        if self._all_pass:
            return []
        if self._in_file is None:
            return [row["id"] for row in self._store.rows(sql.NEWEST_PASSING, **self._values, limit=_MAX_FILTERED)]
        passed = rows_among(self._store, sql.PASSING, sorted(self._in_file), **self._values)
        return [row["id"] for row in sorted(passed, key=lambda row: -row["at_utc"])[:_MAX_FILTERED]]


def _pattern(file: str) -> Exclusions:
    """Without a wildcard, the path or folder from the repository's root."""
    has_wildcard = any(mark in file for mark in "*?[")
    return Exclusions((file if has_wildcard else "/" + file.strip("/"),))
