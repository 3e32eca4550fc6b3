"""What auto-resolve settled is open again when the commit that settled it does not stay.

It does not stay when it was rewritten into one that settles nothing, when no branch reaches it any more (the caller
has asked git), or when a later commit takes back what it did. How a commit settles is resolve.py's. Invariant: only
what auto-resolve itself decided is opened again, never what a person did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.resolve import Commit, Resolution, decide_resolved, is_taken_back
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import resolve as sql
from contox_hooks.memory.store import Store
from contox_hooks.memory.stored_commit import became, commit_standing, is_rewritten

_OPEN_AGAIN = "open again: "
_ON_NO_BRANCH = "is on no branch any more"
_SETTLED = re.compile(r"(?:done in |perhaps done: )([0-9a-f]{7,12}) “|([0-9a-f]{7,12}) closes #")
_REOPENED = re.compile(_OPEN_AGAIN + r"([0-9a-f]{7,12}) ")


@dataclass(frozen=True, slots=True)
class Reopened:
    item: Item
    """As it was before."""
    reason: str
    """One line for people."""
    instead: Resolution | None = None
    """Another commit settles it: closed it stays, for that."""


def reopened_from(reason: str | None) -> str | None:
    """The first characters of the commit that had settled an item and did not stay."""
    found = _REOPENED.match(reason or "")
    return None if found is None else found[1]


def is_off_all_branches(reason: str | None) -> bool:
    """Whether it did not stay for that: it may come back as it was."""
    return (reason or "").endswith(_ON_NO_BRANCH)


def named_commits(store: Store, project_id: str) -> set[str]:
    """The first characters of all commits that have settled something, or had."""
    rows = store.rows(sql.DECIDED, project_id=project_id)
    return {sha for row in rows if (sha := _settled_by(row["status_reason"]) or reopened_from(row["status_reason"]))}


def reopened(store: Store, project_id: str, commits: Sequence[Commit], lost: Collection[str]) -> Iterator[Reopened]:
    """`commits`: those that came, oldest first. `lost`: the first characters of commits that no branch reaches."""
    paths = {path for commit in commits for path in commit.files}
    met = {row["id"] for path in sorted(paths) for row in store.rows(sql.IN_FILE, project_id=project_id, path=path)}
    reverts = any("This reverts commit" in commit.message for commit in commits)
    items = Items(store)
    for row in store.rows(sql.DECIDED, project_id=project_id):
        sha = _settled_by(row["status_reason"])
        if sha is None:
            continue
        gone = "was rewritten" if is_rewritten(store, project_id, sha) else _ON_NO_BRANCH if sha in lost else None
        if gone or reverts or row["id"] in met:
            found = _reopened(store, items.get(row["id"]), sha, commits, gone)
            if found is not None:
                yield found


def _reopened(store: Store, item: Item, sha: str, commits: Sequence[Commit], gone: str | None) -> Reopened | None:
    names = names_of(store, item.id)
    heirs: list[Commit] = []
    if gone:
        reason = f"{_OPEN_AGAIN}{sha} {gone}"
        heir = became(store, item.project_id, sha)
        heirs = [] if heir is None or heir.sha.startswith(sha) else [heir]
    else:
        settling, own = commit_standing(store, item.project_id, sha), {entry.commit_sha for entry in item.evidence}
        later = [
            commit for commit in commits
            if not commit.sha.startswith(sha) and commit.sha not in own
            and (settling is None or (commit.at_utc or 0) >= (settling.at_utc or 0))
        ]  # fmt: skip
        taken = [commit for commit in later if is_taken_back(item, sha, commit, names=names)]
        if not taken:
            return None
        commits = later[later.index(taken[0]) :]
        reason = f"{_OPEN_AGAIN}{sha} was taken back by {taken[0].sha[:12]}"
    left = [*heirs, *(commit for commit in commits if not commit.sha.startswith(sha))]
    instead = decide_resolved(replace(item, status="active", status_reason=None), left, names=names)
    if isinstance(instead, Resolution):
        return Reopened(item, reason, instead)
    told_anew = store.row(sql.TOLD_ANEW, item_id=item.id, project_id=item.project_id, type=item.type)
    return Reopened(item, reason) if told_anew is None else None


def _settled_by(reason: str | None) -> str | None:
    found = _SETTLED.match(reason or "")
    return None if found is None else found[1] or found[2]


def names_of(store: Store, item_id: str) -> Mapping[str, list[str]]:
    """The path that an item cites to what the file was named since."""
    names: dict[str, list[str]] = {}
    for row in store.rows(item_sql.FILES_OF, item_id=item_id):
        names.setdefault(row["cited_as"], []).append(row["path"])
    return names
