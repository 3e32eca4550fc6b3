"""Merging one item into another: the rows that move, and what the survivor says then (fold.py).

Invariants: nothing that the absorbed item had is lost, and its id leads to the survivor; what a person approved or
wrote keeps its words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Refused
from contox_hooks.domain.item import MAX_FILES, Evidence, Item
from contox_hooks.memory.fold import Origin, fold_origins, origin_from, origin_json, origin_of, speaker
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import merge as sql

if TYPE_CHECKING:
    from contox_hooks.memory.item import Items
    from contox_hooks.memory.store import Store

MERGED = "merged: "
"""How the status_reason of an absorbed item begins."""


def merge(store: Store, items: Items, survivor_id: str, absorbed_id: str, reason: str) -> Item:
    """The survivor as it is then, not yet in the index of words. Only inside a transaction. Raises Refused."""
    survivor, absorbed = items.get(survivor_id), items.get(absorbed_id)
    own = origin(store, survivor)
    members = {item_id: items.get(item_id) for item_id in (*survivor.merged_from, absorbed_id, *absorbed.merged_from)}
    check_one_project(survivor.project_id, members.values())
    others = {item_id: origin(store, item) for item_id, item in members.items()}
    told = fold_origins(own, list(others.values()))
    spoken = speaker(own, others.values())
    kept = survivor if survivor.approved_at is not None else told
    if kept is told:
        source_id = next((item_id for item_id, each in others.items() if each is spoken), survivor_id)
        _take_vectors(store, survivor_id, source_id)
    standing = dict.fromkeys((*survivor.evidence, *absorbed.evidence))
    first_said = [entry for entry in told.evidence if entry in standing or not _is_rewritten(store, survivor, entry)]
    evidence = dict.fromkeys((*first_said, *standing))  # also what came since
    files = dict.fromkeys((*told.files, *survivor.files, *absorbed.files))
    items.replace_evidence(survivor_id, evidence)
    store.run(
        sql.REINFORCE, id=survivor_id, now=store.now(), times=absorbed.reinforced + 1,
        at_utc=told.at_utc, title=kept.title, facts=kept.facts,
        rationale=kept.rationale, impact=kept.impact, commit_range=kept.commit_range, importance=told.importance,
        files=json.dumps(list(files)[:MAX_FILES]), tags=json.dumps(told.tags), origin=origin_json(own),
        merged_from=json.dumps(sorted(others, key=lambda item_id: (*others[item_id].age, item_id))),
    )  # fmt: skip
    both = {"survivor_id": survivor_id, "absorbed_id": absorbed_id, "project_id": survivor.project_id}
    for statement in (sql.TAKE_FILES, sql.TAKE_RELATIONS, sql.DROP_RELATIONS, sql.LEAD_ON):
        store.run(statement, **both)
    items.set_status(absorbed_id, "superseded", reason=f"{MERGED}{reason}", superseded_by=survivor_id)
    items.relate(absorbed_id, survivor_id, "reinforces", reason)
    return items.get(survivor_id)


def check_one_project(project_id: str, items: Iterable[Item]) -> None:
    """Raises Refused where one is another project's, whoever wrote that it belongs here."""
    if strange := [item.id for item in items if item.project_id != project_id]:
        raise Refused(f"item {strange[0]} is another project's")


def origin(store: Store, item: Item) -> Origin:
    """What an item said by itself."""
    row = store.row(sql.ORIGIN, id=item.id)
    return origin_from(row["origin"]) if row is not None and row["origin"] else origin_of(item)


def _is_rewritten(store: Store, item: Item, entry: Evidence) -> bool:
    """An origin cites commits as they were; what is left of those that are gone, the item itself cites."""
    return store.row(event_sql.REWRITE_OF, project_id=item.project_id, old_sha=entry.commit_sha) is not None


def _take_vectors(store: Store, survivor_id: str, source_id: str) -> None:
    store.run(sql.SET_VECTORS_ASIDE, item_id=survivor_id)
    store.run(sql.DELETE_VECTORS, item_id=survivor_id)
    store.run(sql.TAKE_VECTORS, survivor_id=survivor_id, source_id=source_id)
