"""Auto-resolve on the store: open bug and todo items against commits; resolve.py decides, this reads and writes.

Invariant: the same commits again change nothing; every change names its commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import Item
from contox_hooks.memory.item import Items
from contox_hooks.memory.resolve import Commit, Passed, Resolution, decide_drifted, decide_resolved, is_open
from contox_hooks.memory.review import blamed_commit
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import resolve as sql
from contox_hooks.memory.store import Row, Store

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


def resolve_by(store: Store, project_id: str, commits: Sequence[Commit], *, dry_run: bool) -> Resolved:
    """Against these commits, and for todos in review against the commit that drift blames. One transaction."""
    ordered = sorted(commits, key=lambda commit: (commit.at_utc is None, commit.at_utc or 0, commit.sha))
    if dry_run:
        return _decided(store, project_id, ordered, dry_run=True)
    with store.transaction():
        decided = _decided(store, project_id, ordered, dry_run=False)
        items = Items(store)
        for each in decided.resolved:
            items.set_status(each.item.id, each.new_status, reason=each.reason)
        return decided


def _decided(store: Store, project_id: str, commits: Sequence[Commit], *, dry_run: bool) -> Resolved:
    resolved: list[Resolution] = []
    passed: list[Passed] = []
    found = _open(store, project_id)
    for item in found:
        decision = _by_drift(store, item) or decide_resolved(item, commits, names=_names(store, item.id))
        if isinstance(decision, Passed):
            passed.append(decision)
        elif decision is not None and (decision.new_status, decision.reason) != (item.status, item.status_reason):
            resolved.append(decision)
    return Resolved(tuple(resolved), tuple(passed[:MAX_PASSED]), len(found), dry_run)


def _open(store: Store, project_id: str) -> list[Item]:
    items = Items(store)
    rows = store.rows(sql.BUGS_AND_TODOS, project_id=project_id)
    return [item for item in map(items.with_evidence, rows) if is_open(item)]


def _by_drift(store: Store, item: Item) -> Resolution | None:
    sha = blamed_commit(item.status_reason) if item.type == "todo" and item.status == "review" else None
    if sha is None:
        return None
    row = store.row(sql.COMMIT_BY_PREFIX, project_id=item.project_id, low=f"commit:{sha}", high=f"commit:{sha}g")
    return None if row is None else decide_drifted(item, _commit(row))


def _names(store: Store, item_id: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for row in store.rows(item_sql.FILES_OF, item_id=item_id):
        names.setdefault(row["cited_as"], []).append(row["path"])
    return names


def _commits_since(store: Store, project_id: str, since: int) -> Iterator[Commit]:
    place = {"at_utc": since, "event_id": ""}
    while rows := store.rows(sql.COMMITS_AFTER, project_id=project_id, limit=_PAGE, **place):
        yield from map(_commit, rows)
        place = {"at_utc": rows[-1]["at_utc"], "event_id": rows[-1]["id"]}


def _given(commit: Mapping[str, Any]) -> Commit:
    sha, files = commit.get("sha"), commit.get("files") or ()
    if not isinstance(sha, str) or not _SHA.fullmatch(sha) or not isinstance(files, (list, tuple)):
        raise UsageError("a commit is sha (7 to 64 hexadecimal digits), message and files")
    return Commit(sha.lower(), str(commit.get("message") or ""), tuple(map(str, files)))


def _stored(store: Store, project_id: str, commit: Commit) -> Commit:
    key = f"commit:{commit.sha}"
    row = store.row(sql.COMMIT_BY_PREFIX, project_id=project_id, low=key, high=f"{key}g")
    if row is None:
        return commit
    known = _commit(row)
    return replace(known, message=commit.message or known.message, files=commit.files or known.files)


def _commit(row: Row) -> Commit:
    return commit_of(CommitDigest.from_payload(json.loads(row["payload"])), row["at_utc"])


def commit_of(digest: CommitDigest, at_utc: int) -> Commit:
    """`at_utc`: of its event."""
    names = (name for change in digest.files for name in (change.path, change.old_path) if name)
    return Commit(
        digest.sha, digest.message, tuple(dict.fromkeys(names)), at_utc, digest.diff,
        digest.diff_cut or bool(digest.diff_missing),
    )  # fmt: skip
