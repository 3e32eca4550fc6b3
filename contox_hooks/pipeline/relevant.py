"""The items that new commits may bear on: what a model is shown of memory, so that it tells new from known.

Reads the memory store by its own search, by words and files alone. Invariant: bounded, and the same for the same store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.domain.path import path_kind
from contox_hooks.memory.search import search
from contox_hooks.memory.service import Service

LIMIT = 24
"""Twice what a prompt shows (prompt.MAX_KNOWN), so that it can say that there were more."""
_FROM_SEARCH_FIRST = 8
_FILES = 10
_OF_ONE_FILE = 4
_MAX_QUERY = 600


def relevant_items(service: Service, project_id: str, digests: Sequence[CommitDigest]) -> list[Item]:
    """Best first: what the subjects' words find, then what stands in the changed sources."""
    paths = _sources(digests)
    query = " ".join(dict.fromkeys(" ".join(digest.subject for digest in digests).split()))[:_MAX_QUERY]
    hits = [hit.item for hit in search(service.store, project_id, query, limit=LIMIT, active_files=paths)]
    in_files = [
        service.items.get(item.id)
        for path in paths[:_FILES]
        for item in service.items.page(project_id, file=path, limit=_OF_ONE_FILE)
    ]
    own = {digest.sha for digest in digests}
    return list(_first((*hits[:_FROM_SEARCH_FIRST], *in_files, *hits[_FROM_SEARCH_FIRST:]), own))[:LIMIT]


def _first(items: Iterable[Item], own: set[str]) -> Iterable[Item]:
    """Each once; none that the commits themselves gave in an earlier run."""
    seen: set[str] = set()
    for item in items:
        cited = {found.commit_sha for found in item.evidence}
        if item.id not in seen and not cited <= own:
            seen.add(item.id)
            yield item


def _sources(digests: Sequence[CommitDigest]) -> list[str]:
    """Changed paths, those that most lines changed in first; no lock files or what is generated."""
    lines: dict[str, int] = {}
    for digest in digests:
        for change in digest.files:
            if path_kind(change.path) not in ("lock", "generated", "asset"):
                changed = (change.insertions or 0) + (change.deletions or 0)
                lines[change.path] = lines.get(change.path, 0) + changed
    return sorted(lines, key=lambda path: (-lines[path], path))[:50]
