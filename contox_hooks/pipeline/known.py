"""What a worker knows of a project's memory while it goes through its runs, so that each run does not read it anew."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.fold import origin_from
from contox_hooks.memory.sql import dedup as sql
from contox_hooks.memory.sql import lineage as lineage_sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.dedup_item import DedupItem
from contox_hooks.pipeline.kinship import Kinship
from contox_hooks.pipeline.lineage import reverted_by
from contox_hooks.pipeline.statement import act_of, folded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Known:
    """The items that went through dedup: shown, merged, or replaced by newer ones; each with what it said by itself,
    found by the keys it shares with others. Others may change rows meanwhile: whoever writes by it looks again."""

    def __init__(self, store: Store, project_id: str, *, without: set[str]) -> None:
        self._items: dict[str, DedupItem] = {}
        self._by_key: defaultdict[Hashable, set[str]] = defaultdict(set)
        evidence: defaultdict[str, list[Row]] = defaultdict(list)
        for row in store.rows(sql.EVIDENCE_OF_ALL, project_id=project_id):
            evidence[row["item_id"]].append(row)
        rows = store.rows(sql.ALL_KNOWN, project_id=project_id)
        self.put(dedup_item(store, row, evidence[row["id"]]) for row in rows if row["id"] not in without)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def put(self, items: Iterable[DedupItem]) -> None:
        """Also in the place of what was known of them."""
        for item in items:
            old = self._items.get(item.id)
            for key in old.keys - item.keys if old else ():
                self._by_key[key].discard(item.id)
            self._items[item.id] = item
            for key in item.keys:
                self._by_key[key].add(item.id)

    def group(self, merges: Iterable[tuple[str, str]]) -> None:
        """(survivor, absorbed): they stay together, whatever they say."""
        survivors: dict[str, str] = {}
        for survivor_id, absorbed_id in merges:
            survivors |= {survivor_id: survivor_id, absorbed_id: survivor_id}
        self.put(replace(self._items[item_id], group=root) for item_id, root in survivors.items() if item_id in self)

    def around(self, items: Iterable[DedupItem]) -> list[DedupItem]:
        """These items and all known ones that any chain of shared keys leads to: what a decision may be about."""
        found = {item.id: item for item in items}
        waiting = list(found.values())
        seen: set[Hashable] = set()
        while waiting:
            for key in waiting.pop().sought - seen:
                seen.add(key)
                for item_id in self._by_key.get(key, ()):
                    if item_id not in found:
                        found[item_id] = self._items[item_id]
                        waiting.append(found[item_id])
        return list(found.values())


def with_vectors(store: Store, items: Iterable[DedupItem], model: str) -> list[DedupItem]:
    """With the vectors of those whose meaning will be compared."""
    items = list(items)
    times: defaultdict[Hashable, int] = defaultdict(int)
    for item in items:
        times[item.type, item.words] += 1
    return [
        replace(item, vectors=_own(store, item.id, model)) if times[item.type, item.words] > 1 else item
        for item in items
    ]


def _own(store: Store, item_id: str, model: str) -> NDArray[np.float16] | None:
    """Those of what it said by itself, which a merge keeps under another name."""
    from contox_hooks.memory.vector import of_item

    own = of_item(store, item_id, f"own:{model}")
    return of_item(store, item_id, model) if own is None else own


def with_order(store: Store, project_id: str, items: Iterable[DedupItem]) -> list[DedupItem]:
    """With the ancestors of those that share their second with another."""
    items = list(items)
    times = Counter(item.at_utc for item in items)
    history = _Second(store, project_id)
    return [
        replace(item, before=history.before(item.commits, item.at_utc)) if times[item.at_utc] > 1 else item
        for item in items
    ]


class _Second:
    """The commits of one second in the order of ancestry, as far as they were captured."""

    def __init__(self, store: Store, project_id: str) -> None:
        self._store = store
        self._project_id = project_id
        self._commits: dict[str, tuple[int, tuple[str, ...]]] = {}

    def before(self, shas: Iterable[str], at_utc: int) -> frozenset[str]:
        own = frozenset(shas)
        seen = set(own)
        waiting = list(own)
        while waiting:
            for parent in self._commit(waiting.pop())[1]:
                if parent not in seen and self._commit(parent)[0] == at_utc:
                    seen.add(parent)
                    waiting.append(parent)
        return frozenset(seen) - own

    def _commit(self, sha: str) -> tuple[int, tuple[str, ...]]:
        """The second that its items have (its committer's, but none after it was seen), and its parents."""
        if sha not in self._commits:
            row = self._store.row(lineage_sql.COMMIT, project_id=self._project_id, key=f"commit:{sha}")
            if row is None:
                self._commits[sha] = -1, ()
            else:
                known = CommitDigest.from_payload(json.loads(row["payload"]))
                self._commits[sha] = min(known.committer.at_utc, row["at_utc"]), known.parents
        return self._commits[sha]


def _takes_back(store: Store, project_id: str, commits: Iterable[str]) -> str | None:
    """The commit that one of these says it reverts, or what became of it; None when it was never captured."""
    kinship = Kinship(store, project_id, None, paid=False)
    for sha in sorted(commits):
        row = kinship.commit(sha)
        named = None if row is None else reverted_by(CommitDigest.from_payload(json.loads(row["payload"])))
        target = None if named is None else kinship.named(named)
        if target is not None:
            return str(target["key"]).partition(":")[2]
    return None


def dedup_item(store: Store, row: Row, evidence: Sequence[Row]) -> DedupItem:
    """Of rows of `item` and `evidence`."""
    title, facts, at_utc, files = row["title"], row["facts"], row["at_utc"], json.loads(row["files"])
    cited = [(found["path"], found["quote"]) for found in evidence]
    commits = frozenset(found["commit_sha"] for found in evidence)
    if row["origin"]:
        origin = origin_from(row["origin"])
        title, facts, at_utc, files = origin.title, origin.facts, origin.at_utc, origin.files
        commits = frozenset(found.commit_sha for found in origin.evidence)
        cited = [(found.path, found.quote) for found in origin.evidence]
    merged = row["superseded_by"] if (row["status_reason"] or "").startswith("merged: ") else None
    return DedupItem(
        row["id"], row["type"], row["dedup_hint"], title, facts, at_utc, row["created_at"],
        lines=frozenset((path, quote) for path, quote in cited if path is not None),
        messages=frozenset(folded(quote) for path, quote in cited if path is None),
        approved=row["approved_at"] is not None,
        group=merged or (row["id"] if json.loads(row["merged_from"]) else None),
        files=frozenset(files),
        commits=commits,
        takes_back=_takes_back(store, row["project_id"], commits) if act_of(title)[0] != folded(title) else None,
    )  # fmt: skip
