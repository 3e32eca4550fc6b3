"""The digests of a project's commits that stand, out of memory: many, in bounded pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.among import rows_among
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.store import Store
from contox_hooks.wire.commit import digest_of_payload

_KEY = "commit:"


class Kept(NamedTuple):
    digest: CommitDigest
    at_utc: int
    """Of its event, seconds since the epoch."""


def commits_standing(store: Store, project_id: str) -> list[str]:
    """Their ids, in order."""
    return [row["key"].removeprefix(_KEY) for row in store.rows(sql.COMMIT_KEYS, project_id=project_id)]


def commits_kept(store: Store, project_id: str, shas: Iterable[str]) -> Iterator[Kept]:
    """In the order of their ids, if that is the order of `shas`."""
    keys = (f"{_KEY}{sha}" for sha in shas)
    for row in rows_among(store, sql.COMMITS_NAMED, keys, project_id=project_id):
        yield Kept(digest_of_payload(json.loads(row["payload"])), row["at_utc"])
