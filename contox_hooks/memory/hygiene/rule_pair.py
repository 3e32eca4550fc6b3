"""Offline rules about several items. Pure; each gives any number of actions."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise

from contox_hooks.domain.item import Item
from contox_hooks.memory.hygiene.action import Action, proposed

MAX_LINKS = 50
"""A plan of hundreds of links is read by nobody."""
_MAX_GROUP = 3
"""Items of one commit that are linked; more are a big commit, not a relation."""


def merge_memories(items: Sequence[Item]) -> Iterator[Action]:
    """Of one type, with the same title or the same dedup hint: into the oldest."""
    gone: set[str] = set()
    groups: dict[Hashable, list[Item]] = {}
    for item in sorted(items, key=_age):
        groups.setdefault((item.type, "title", _folded(item.title)), []).append(item)
        if item.dedup_hint:
            groups.setdefault((item.type, "dedup hint", item.dedup_hint), []).append(item)
    for key, group in groups.items():
        same = [item for item in group if item.id not in gone]
        if len(same) < 2:
            continue
        assert isinstance(key, tuple)
        for absorbed in same[1:]:
            gone.add(absorbed.id)
            yield proposed("MERGE_MEMORIES", [same[0], absorbed], f"same {key[1]}", 0.95, into_id=same[0].id)


def link_related(items: Sequence[Item], linked: frozenset[frozenset[str]] = frozenset()) -> Iterator[Action]:
    """Two or three items of one commit: newer to older. `linked`: pairs that a relation joins already."""
    of_commit: dict[str, list[Item]] = {}
    for item in sorted(items, key=_age):
        for sha in dict.fromkeys(found.commit_sha for found in item.evidence if found.is_of_commit):
            of_commit.setdefault(sha, []).append(item)
    done = set(linked)
    count = 0
    for sha, group in sorted(of_commit.items()):
        if not 1 < len(group) <= _MAX_GROUP:
            continue
        for older, newer in pairwise(group):
            pair = frozenset({older.id, newer.id})
            if pair in done or count == MAX_LINKS:
                continue
            done.add(pair)
            count += 1
            link = (newer.id, older.id, "related")
            yield proposed("LINK_RELATED", [newer, older], f"both come from {sha[:12]}", 0.8, links=(link,))


def _age(item: Item) -> tuple[int, int, str]:
    return item.created_at, item.at_utc, item.id


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
