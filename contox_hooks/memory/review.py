"""What a person is asked about, and how much care each item wants.

Owns the bands, the queue and the rule for what history itself settles; drift and dedup decide what becomes doubtful.
Must not know how it is shown. Invariant: what a person approved never comes back for its confidence, only for a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from contox_hooks.domain.error import Refused
from contox_hooks.domain.event import SOURCE_HISTORY
from contox_hooks.domain.item import Item, ItemStatus, ItemType
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.item import Items, item_of
from contox_hooks.memory.merge import MERGED
from contox_hooks.memory.sql import review as sql
from contox_hooks.memory.store import Row, Store

Band = Literal["safe", "skim", "careful", "check"]

BANDS: Mapping[Band, tuple[float, float]] = {
    "safe": (0.90, 1.01), "skim": (0.70, 0.90), "careful": (0.50, 0.70), "check": (-1.0, 0.50),
}  # fmt: skip
"""From (included) and to (not) of a confidence; CONTRACT.md section 6."""
BAND_TEXTS: Mapping[Band, str] = {
    "safe": "safe to approve", "skim": "skim it", "careful": "read with care", "check": "check the source",
}  # fmt: skip
LOW_CONFIDENCE = BANDS["check"][1]
"""Active items under it come to review too, until a person approved them."""

REPLACED = "replaced"
"""How the status_reason of an item begins that dedup takes for outdated by a newer one."""

_BLAMED = re.compile(r"\bin ([0-9a-f]{12})\b")
"""The commit that a drift's reason names."""


def band_of(confidence: float) -> Band:
    # As it is shown, with two digits: 0.899 reads 0.90.
    shown = round(confidence, 2)
    return next(band for band, (low, high) in BANDS.items() if low <= shown < high)


class Changed(Refused):
    """An item is not what somebody decided about."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"{item_id} was changed by something else meanwhile", hint=f"contox-hooks memory {item_id}")


def is_asked(item: Item) -> bool:
    """Whether a person is asked about it: as sql/review.py's queue has it."""
    is_unsure = round(item.confidence, 2) < LOW_CONFIDENCE and item.approved_at is None
    return item.status == "review" or (item.status == "active" and is_unsure)


def standing(item: Item) -> str:
    """`in review: why`, else its status and how it came to it; one line."""
    if is_asked(item):
        return f"in review: {why_doubtful(item)}"
    if item.status == "active":
        return "active: approved by a person" if item.approved_at is not None else "active: not in review"
    return f"{item.status}: {item.status_reason}" if item.status_reason else f"{item.status}, no reason given"


def why_doubtful(item: Item) -> str:
    """Why it is in the queue, one line."""
    if item.status_reason:
        return item.status_reason
    return "put here by hand, no reason given" if item.status == "review" else f"confidence {item.confidence:.2f} only"


def blamed_commit(status_reason: str | None) -> str | None:
    """The first twelve characters of the commit that made an item doubtful."""
    found = _BLAMED.search(status_reason or "")
    return None if found is None else found[1]


def decide_settled(
    status_reason: str, *, approved: bool, item_source: str | None, blamed_source: str | None
) -> str | None:
    """Why nobody is asked about an item in review, or None.

    Reading old history makes items of every commit, and half of them cite lines that a later commit of the same
    history changed. Nobody ever saw them as true, so nobody is asked whether they still are: they stand as what was
    true once, and `settle` archives them. A change by the user's own later work or by a pull, and one to what a person
    approved, does want a person.
    """
    if approved or item_source != SOURCE_HISTORY or blamed_source != SOURCE_HISTORY:
        return None
    return f"later history: {status_reason}"


class Reviews:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._items = Items(store)
        self._sources: dict[tuple[str, str], str | None] = {}

    def queue(
        self,
        project_id: str,
        *,
        type: ItemType | None = None,
        file: str | None = None,
        band: Band | None = None,
        history: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Item]:
        """What a person is asked about, the most important and newest first. `file` is a path or a folder; `history`:
        also what history settles by itself."""
        rows = self._asked(sql.QUEUE_ORDER, _where(project_id, type, file, band), history=history)
        return [self._items.get(row["id"]) for row in rows[offset : offset + limit]]

    def count(
        self,
        project_id: str,
        *,
        type: ItemType | None = None,
        file: str | None = None,
        band: Band | None = None,
        history: bool = False,
    ) -> int:
        """How many `queue` would give without a limit."""
        return len(self._asked(sql.QUEUE_CAUSES, _where(project_id, type, file, band), history=history))

    def _asked(self, statement: str, where: Mapping[str, object], *, history: bool) -> list[Row]:
        rows = self._store.rows(statement, **where)
        return rows if history else [row for row in rows if self._why_settled(row) is None]

    @contextmanager
    def as_seen(self, *items: Item) -> Iterator[None]:
        """A transaction in which these still are what somebody saw. Raises NotFound, Changed."""
        with self._store.transaction():
            for item in items:
                if fingerprint(self._items.get(item.id)) != fingerprint(item):
                    raise Changed(item.id)
            yield

    def approve(self, item_id: str) -> Item:
        """It holds: active, and remembered as approved by a person. Raises NotFound, Refused for a merged one."""
        with self._store.transaction():
            unmerged(self._items.get(item_id))
            self._store.run(sql.APPROVE, id=item_id, now=self._store.now())
            return self._items.get(item_id)

    def decide(self, item_id: str, status: ItemStatus, *, reason: str | None = None) -> Item:
        """`active` is an approval. Raises NotFound, Refused for a merged one."""
        if status == "active":
            return self.approve(item_id)
        with self._store.transaction():
            unmerged(self._items.get(item_id))
            return self._items.set_status(item_id, status, reason=reason)

    def edit(self, item_id: str, **changes: Any) -> Item:
        """What a person wrote: kept as approved words, its status as it was. Raises NotFound, UsageError."""
        with self._store.transaction():
            self._items.edit(item_id, **changes)
            self._store.run(sql.MARK_WRITTEN, id=item_id, now=self._store.now())
            return self._items.get(item_id)

    def merge(self, absorbed_id: str, into_id: str, *, reason: str = "by hand") -> Item:
        """The survivor. Raises NotFound, Refused when either was merged already or both are the same."""
        if absorbed_id == into_id:
            raise Refused(f"{absorbed_id} cannot be merged into itself")
        with self._store.transaction():
            for item_id in (absorbed_id, into_id):
                unmerged(self._items.get(item_id))
            self._items.merge(into_id, absorbed_id, reason)
            return self._items.get(into_id)

    def near(self, item: Item, *, limit: int = 5) -> list[Item]:
        """Items that it may say the same as, the likeliest first."""
        from contox_hooks.memory.search import search

        hits = search(self._store, item.project_id, f"{item.title} {' '.join(item.files[:2])}", limit=limit + 1)
        return [hit.item for hit in hits if hit.item.id != item.id][:limit]

    def settle(self, project_id: str, *, dry_run: bool = False) -> list[Item]:
        """Archive what later history settles (`decide_settled`); those items, as they were. Again: none."""
        with self._store.transaction():
            rows = self._store.rows(sql.QUEUE, **_where(project_id, None, None, None))
            settled = [(item_of(row), reason) for row in rows if (reason := self._why_settled(row)) is not None]
            for item, reason in settled if not dry_run else ():
                self._items.set_status(item.id, "archived", reason=reason)
        return [item for item, _ in settled]

    def _why_settled(self, row: Row) -> str | None:
        sha = blamed_commit(row["status_reason"]) if row["status"] == "review" else None
        if sha is None:
            return None
        return decide_settled(
            row["status_reason"], approved=row["approved_at"] is not None, item_source=row["source"],
            blamed_source=self._source_of(row["project_id"], sha),
        )  # fmt: skip

    def _source_of(self, project_id: str, sha: str) -> str | None:
        """Of the session that brought a commit, by its first characters; None for one that is not stored."""
        if (project_id, sha) not in self._sources:
            row = self._commit(project_id, sha)
            self._sources[project_id, sha] = None if row is None else row["source"]
        return self._sources[project_id, sha]

    def session_of(self, project_id: str, sha: str) -> str | None:
        """The session that brought a commit, as `blamed_commit` names it; None for one that is not stored."""
        row = self._commit(project_id, sha)
        return None if row is None else row["session_id"]

    def _commit(self, project_id: str, sha: str) -> Row | None:
        key = f"commit:{sha}"
        return self._store.row(sql.COMMIT, project_id=project_id, low=key, high=f"{key}g")  # after all hex


def unmerged(item: Item) -> Item:
    """The item, if its words did not go into another and its commits stand; what a rule only replaced can come back.
    Raises Refused."""
    reason = item.status_reason or ""
    if item.status != "superseded" or reason.startswith(REPLACED):
        return item
    into = item.superseded_by
    told = f"was merged into {into}" if into and reason.startswith(MERGED) else f"is superseded: {reason}"
    raise Refused(f"{item.id} {told}", hint=f"contox-hooks memory {into or item.id}")


def bands_counted(items: Sequence[Item]) -> dict[Band, int]:
    """In the order of BANDS; a band without items is missing."""
    counts = {band: sum(band_of(item.confidence) == band for item in items) for band in BANDS}
    return {band: count for band, count in counts.items() if count}


def _where(project_id: str, type: str | None, file: str | None, band: Band | None) -> dict[str, object]:
    folder = None if file is None else file.rstrip("/")
    low, high = BANDS[band] if band else (-1.0, 2.0)
    return {
        "project_id": project_id,
        "type": type,
        "least": low,
        "below": high,
        "check_below": LOW_CONFIDENCE,
        "file": folder,
        "folder_low": None if folder is None else folder + "/",
        "folder_high": None if folder is None else folder + "0",  # the character after "/"
    }
