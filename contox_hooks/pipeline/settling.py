"""Dedup's decisions written down: what is not so yet becomes so, with its reason.

Must not decide. Invariants: written again, nothing changes; what a person approved, archived or merged by hand
meanwhile stays; only what these rules wrote before do they take back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.merge import MERGED
from contox_hooks.memory.sql import dedup as sql
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.dedup import AGAIN, REVERTS, Conflict, Decisions, Replacement, is_by_rule
from contox_hooks.pipeline.lineage import REVERTED
from contox_hooks.pipeline.verdict import decide_verdict

REPLACED = "replaced: "
AGAINST = "contradiction: "
_BY_A_MODEL = "replaced on a model's word: "
_SHOWN = ("active", "review")


def settle(items: Items, decisions: Decisions, around: Sequence[str]) -> Counter[str]:
    """How many were `merged`, `replaced`, and `conflicts` found. `around`: all that was decided about."""
    counts: Counter[str] = Counter()
    for merge in decisions.merges:
        survivor, absorbed = _root(items, merge.survivor_id), _root(items, merge.absorbed_id)
        if survivor.id != absorbed.id and _is_ours(survivor) and _is_ours(absorbed) and absorbed.approved_at is None:
            items.merge(survivor.id, absorbed.id, merge.reason)
            counts["merged"] += 1
            if _is_doubted(absorbed) and survivor.status == "active":  # an older one came later: it is doubted as well
                items.set_status(survivor.id, "review", reason=absorbed.status_reason)
    standing = {_root(items, item_id).id for item_id in around}
    by_older = {_root(items, found.older_id).id: found for found in decisions.replacements}
    for item_id in sorted(standing):
        counts["replaced"] += _settle_replacement(items, items.get(item_id), by_older.get(item_id))
    wanted = {
        (_root(items, found.newer_id).id, _root(items, found.older_id).id): found for found in decisions.conflicts
    }
    _take_back(items, standing, wanted.keys())
    for (newer_id, older_id), conflict in sorted(wanted.items()):
        counts["conflicts"] += _settle_conflict(items, items.get(newer_id), items.get(older_id), conflict)
    return counts


def settle_verdicts(items: Items, store: Store, new: Iterable[str]) -> Counter[str]:
    """What an extractor said of known items, as far as verdict.py lets it."""
    counts: Counter[str] = Counter()
    for item_id in new:
        for row in store.rows(sql.VERDICTS, item_id=item_id):
            newer, older = _root(items, item_id), _root(items, row["to_id"])
            if (
                is_by_rule(row["reason"])
                or newer.id == older.id
                or newer.status not in _SHOWN
                or older.status not in _SHOWN
            ):
                continue
            decision = decide_verdict(row["kind"], older=older, newer=newer)
            reason = "; ".join(part for part in (row["reason"], decision.reason) if part)
            if decision.effect == "reinforce" and newer.approved_at is None:
                items.merge(older.id, newer.id, reason)
                counts["merged"] += 1
            elif decision.effect == "supersede":
                items.set_status(older.id, "superseded", reason=_BY_A_MODEL + reason, superseded_by=newer.id)
                counts["replaced"] += 1
            elif decision.effect == "review":
                _to_review(items, older, newer, reason)
                if row["kind"] == "contradicts":
                    _to_review(items, newer, older, reason)
                counts["conflicts"] += 1
    return counts


def _root(items: Items, item_id: str) -> Item:
    """The item that an item was merged into, or itself."""
    item = items.get(item_id)
    while item.status == "superseded" and item.superseded_by and (item.status_reason or "").startswith(MERGED):
        item = items.get(item.superseded_by)
    return item


def _is_ours(item: Item) -> bool:
    return item.status in _SHOWN or _is_replaced(item)


def _is_replaced(item: Item) -> bool:
    return item.status == "superseded" and (item.status_reason or "").startswith(REPLACED)


def _is_doubted(item: Item) -> bool:
    return item.status == "review" and (item.status_reason or "").startswith(AGAINST)


def _settle_replacement(items: Items, item: Item, wanted: Replacement | None) -> bool:
    """Whether it is replaced now and was not."""
    newer = None if wanted is None else _root(items, wanted.newer_id)
    was = item.superseded_by if _is_replaced(item) else None
    if not _is_ours(item) or item.approved_at is not None or (newer and (newer.id == was or not _is_ours(newer))):
        return False
    if was is not None:
        items.unrelate(was, item.id, "supersedes")
    if newer is None or wanted is None:
        if was is not None:
            items.set_status(item.id, "active")
        return False
    items.relate(newer.id, item.id, "supersedes", wanted.reason)
    if wanted.reason == AGAIN and newer.status == "review" and REVERTED in (newer.status_reason or ""):
        items.set_status(newer.id, "active")
    items.set_status(
        item.id, "superseded", reason=f"{REPLACED}{wanted.reason} (“{newer.title}”)", superseded_by=newer.id
    )
    return was is None


def _take_back(items: Items, standing: Iterable[str], wanted: Iterable[tuple[str, str]]) -> None:
    """Contradictions that are none any more: what stood against each other is one, or replaced."""
    pairs = {frozenset(pair) for pair in wanted}
    for item_id in sorted(standing):
        found = [related for related in items.relations(item_id) if related.kind == "contradicts"]
        ours = [related for related in found if is_by_rule(related.reason)]
        gone = [related for related in ours if frozenset((related.from_id, related.to_id)) not in pairs]
        for related in gone:
            items.unrelate(related.from_id, related.to_id, "contradicts")
    for item_id in sorted(standing):
        item = items.get(item_id)
        if _is_doubted(item) and not any(related.kind == "contradicts" for related in items.relations(item_id)):
            items.set_status(item_id, "active")


def _settle_conflict(items: Items, newer: Item, older: Item, conflict: Conflict) -> bool:
    """Whether it was not known."""
    if newer.status not in _SHOWN or older.status not in _SHOWN:
        return False
    known = [
        related
        for related in items.relations(newer.id)
        if related.kind == "contradicts" and {related.from_id, related.to_id} == {newer.id, older.id}
    ]
    if any(related.from_id == newer.id for related in known):
        return False
    for related in known:
        items.unrelate(related.from_id, related.to_id, "contradicts")
    items.relate(newer.id, older.id, "contradicts", conflict.reason)
    if not known:  # else a person may have decided already
        _to_review(items, older, newer, conflict.reason)
        if conflict.reason != REVERTS:  # what was taken back is in doubt, not that it was
            _to_review(items, newer, older, conflict.reason)
    return not known


def _to_review(items: Items, item: Item, other: Item, reason: str) -> None:
    if item.status == "active":
        items.set_status(item.id, "review", reason=f"{AGAINST}{reason}: “{other.title}” ({other.id})")
