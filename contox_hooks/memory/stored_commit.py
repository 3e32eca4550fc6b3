"""Captured commits as resolve.py takes them, found by the first characters of their ids, as reasons name them."""

from __future__ import annotations

import json
from typing import NamedTuple

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.resolve import Commit
from contox_hooks.memory.sql import resolve as sql
from contox_hooks.memory.store import Row, Store

_MAX_REWRITES = 100


def commit_standing(store: Store, project_id: str, sha: str) -> Commit | None:
    """The one that was not rewritten."""
    row = _row(store, project_id, sha, sql.COMMIT_BY_PREFIX)
    return None if row is None else commit_in(row)


def is_rewritten(store: Store, project_id: str, sha: str) -> bool:
    """Whether a captured commit was rewritten or dropped."""
    row = _row(store, project_id, sha, sql.COMMIT_NAMED)
    return row is not None and row["superseded_by"] is not None


def became(store: Store, project_id: str, sha: str) -> Commit | None:
    """What a commit is after any number of rewrites; None when it was dropped, or that has not been captured."""
    for _ in range(_MAX_REWRITES):
        row = _row(store, project_id, sha, sql.COMMIT_NAMED)
        if row is None or row["superseded_by"] is None:
            return None if row is None else commit_in(row)
        if not row["superseded_by"]:
            return None
        sha = row["superseded_by"]
    return None


def _row(store: Store, project_id: str, sha: str, statement: str) -> Row | None:
    key = f"commit:{sha}"
    return store.row(statement, project_id=project_id, low=key, high=f"{key}g")  # after all hex


class Kept(NamedTuple):
    """A commit as it was captured, rewritten since or not."""

    digest: CommitDigest
    session_id: str
    at_utc: int


def commit_kept(store: Store, project_id: str, sha: str) -> Kept | None:
    row = _row(store, project_id, sha, sql.COMMIT_NAMED)
    if row is None:
        return None
    return Kept(CommitDigest.from_payload(json.loads(row["payload"])), row["session_id"], row["at_utc"])


def commit_in(row: Row) -> Commit:
    """Of an event's row."""
    return commit_of(CommitDigest.from_payload(json.loads(row["payload"])), row["at_utc"])


def commit_of(digest: CommitDigest, at_utc: int) -> Commit:
    """`at_utc`: of its event."""
    names = (name for change in digest.files for name in (change.path, change.old_path) if name)
    return Commit(
        digest.sha, digest.message, tuple(dict.fromkeys(names)), at_utc, digest.diff,
        digest.diff_cut or bool(digest.diff_missing),
    )  # fmt: skip
