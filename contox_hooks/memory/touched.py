"""What captured commits say of files: who touched what, and which files there should be by now. For reports where no
clone of the repository is at hand.

Invariant: a commit that was rewritten since counts as what it became; a merge touches nothing, as with git's own log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.store import Store


class Captured(NamedTuple):
    at_utc: int
    digest: CommitDigest


def captured(store: Store, project_id: str, *, since: int, limit: int) -> list[Captured]:
    """The latest commits since then, newest first."""
    rows = store.rows(sql.COMMITS_SINCE, project_id=project_id, since=since, limit=limit)
    return [Captured(row["at_utc"], CommitDigest.from_payload(json.loads(row["payload"]))) for row in rows]


def touches(commits: Iterable[Captured], narrowed: Callable[[CommitDigest], CommitDigest]) -> list[Touch]:
    """`narrowed` takes away what may not be told."""
    return [
        Touch(each.digest.sha, each.at_utc, tuple(file.path for file in narrowed(each.digest).files))
        for each in commits
        if len(each.digest.parents) < 2
    ]


def standing_files(commits: Iterable[Captured], narrowed: Callable[[CommitDigest], CommitDigest]) -> list[str]:
    """In order: those that the latest commit to touch them, of all given (newest first), did not take away."""
    there: dict[str, bool] = {}
    for each in commits:
        for file in narrowed(each.digest).files:
            there.setdefault(file.path, file.status != "D")
            if file.old_path is not None and file.status == "R":
                there.setdefault(file.old_path, False)
    return sorted(path for path, stands in there.items() if stands)
