"""Auto-resolve on the store: open bug and todo items against commits; resolve.py decides, this reads and writes.

Invariant: the same commits again change nothing; every change names its commit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.reopening import Reopened, is_off_all_branches, names_of, reopened, reopened_from
from contox_hooks.memory.resolve import Commit, Passed, Resolution, decide_drifted, decide_resolved, is_open
from contox_hooks.memory.review import blamed_commit
from contox_hooks.memory.sql import resolve as sql
from contox_hooks.memory.store import Store
from contox_hooks.memory.stored_commit import commit_in, commit_standing

MAX_PASSED = 200
"""Near misses that are told."""
_PAGE = 500
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True)
class Resolved:
    resolved: tuple[Resolution, ...]
    passed: tuple[Passed, ...]
    scanned: int
    """Open bug and todo items."""
    dry_run: bool
    reopened: tuple[Reopened, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """CONTRACT.md section 1.4, with `reason` besides."""
        return {
            "resolved": [
                {
                    "itemId": each.item.id, "title": each.item.title, "type": each.item.type,
                    "matchType": each.match_type, "matchedFiles": list(each.matched_files),
                    "confidence": each.confidence, "commitSha": each.commit_sha,
                    "previousStatus": each.item.status, "newStatus": each.new_status, "reason": each.reason,
                }
                for each in self.resolved
            ],
            "skipped": [
                {"itemId": each.item.id, "title": each.item.title, "reason": each.reason} for each in self.passed
            ],
            "totalItemsScanned": self.scanned,
            "dryRun": self.dry_run,
        }  # fmt: skip


def auto_resolve(store: Store, project_id: str, commits: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Resolved:
    """`commits` as CONTRACT.md's `POST /api/v2/auto-resolve` has them: sha, message, files. Of a commit that is
    stored, the diff and the time are taken from there. Raises UsageError."""
    asked = [_stored(store, project_id, _given(commit)) for commit in commits]
    return resolve_by(store, project_id, asked, dry_run=dry_run)


def resolve_all(store: Store, project_id: str, *, dry_run: bool) -> Resolved:
    """Against every stored commit since the oldest open item."""
    oldest = min((item.at_utc for item in _open(store, project_id)), default=None)
    commits = [] if oldest is None else list(_commits_since(store, project_id, oldest))
    return resolve_by(store, project_id, commits, dry_run=dry_run)


def resolve_by(
    store: Store, project_id: str, commits: Sequence[Commit], *, dry_run: bool, lost: Collection[str] = ()
) -> Resolved:
    """Against these commits, and for todos in review against the commit that drift blames; what was settled by a commit
    that did not stay is opened again. `lost`: the first twelve characters of commits that no branch reaches. One
    transaction."""
    # Stable: of one second they stay as they were given.
    ordered = sorted(commits, key=lambda commit: (commit.at_utc is None, commit.at_utc or 0))
    standing = [commit for commit in ordered if commit.sha[:12] not in lost]
    if dry_run:
        return _decided(store, project_id, standing, lost, dry_run=True)
    with store.transaction():
        items = Items(store)
        again = list(reopened(store, project_id, standing, lost))
        for each in again:
            status = "active" if each.instead is None else each.instead.new_status
            reason = each.reason if each.instead is None else each.instead.reason
            items.set_status(each.item.id, status, reason=reason)
        decided = _decided(store, project_id, standing, lost, dry_run=False)
        for found in decided.resolved:
            items.set_status(found.item.id, found.new_status, reason=found.reason)
        return replace(decided, reopened=tuple(each for each in again if each.instead is None))


def _decided(
    store: Store, project_id: str, commits: Sequence[Commit], lost: Collection[str], *, dry_run: bool
) -> Resolved:
    resolved: list[Resolution] = []
    passed: list[Passed] = []
    found = _open(store, project_id)
    for item in found:
        drifted = _by_drift(store, item, lost)
        decision = drifted or decide_resolved(item, _of(store, item, commits, lost), names=names_of(store, item.id))
        if isinstance(decision, Passed):
            passed.append(decision)
        elif decision is not None and (decision.new_status, decision.reason) != (item.status, item.status_reason):
            resolved.append(decision)
    return Resolved(tuple(resolved), tuple(passed[:MAX_PASSED]), len(found), dry_run)


def _of(store: Store, item: Item, commits: Sequence[Commit], lost: Collection[str]) -> Sequence[Commit]:
    """Without the commit that had settled the item and did not stay; with it when it is back."""
    sha = reopened_from(item.status_reason)
    if sha is None:
        return commits
    others = [commit for commit in commits if not commit.sha.startswith(sha)]
    is_back = is_off_all_branches(item.status_reason) and sha not in lost
    found = commit_standing(store, item.project_id, sha) if is_back else None
    return others if found is None else [found, *others]


def _open(store: Store, project_id: str) -> list[Item]:
    items = Items(store)
    rows = store.rows(sql.BUGS_AND_TODOS, project_id=project_id)
    return [item for item in map(items.with_evidence, rows) if is_open(item)]


def _by_drift(store: Store, item: Item, lost: Collection[str]) -> Resolution | None:
    sha = blamed_commit(item.status_reason) if item.type == "todo" and item.status == "review" else None
    if sha is None or sha in lost:
        return None
    commit = commit_standing(store, item.project_id, sha)
    return None if commit is None else decide_drifted(item, commit)


def _commits_since(store: Store, project_id: str, since: int) -> Iterator[Commit]:
    place = {"at_utc": since, "event_id": ""}
    while rows := store.rows(sql.COMMITS_AFTER, project_id=project_id, limit=_PAGE, **place):
        yield from map(commit_in, rows)
        place = {"at_utc": rows[-1]["at_utc"], "event_id": rows[-1]["id"]}


def _given(commit: Mapping[str, Any]) -> Commit:
    sha, files = commit.get("sha"), commit.get("files") or ()
    if not isinstance(sha, str) or not _SHA.fullmatch(sha) or not isinstance(files, (list, tuple)):
        raise UsageError("a commit is sha (7 to 64 hexadecimal digits), message and files")
    return Commit(sha.lower(), str(commit.get("message") or ""), tuple(map(str, files)))


def _stored(store: Store, project_id: str, commit: Commit) -> Commit:
    known = commit_standing(store, project_id, commit.sha)
    if known is None:
        return commit
    return replace(known, message=commit.message or known.message, files=commit.files or known.files)
