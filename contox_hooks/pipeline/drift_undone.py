"""Items in review for a commit that did not stay: rewritten, reset away, on a branch that was deleted.

What it took away may stand again although no later commit put it back. Invariant: an item is released only where all
that it cites stands in what the commit became, or where work goes on (HEAD); else it is blamed on what stayed.
"""

from __future__ import annotations

from dataclasses import dataclass

from contox_hooks.domain.event import SOURCE_HISTORY
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.review import blamed_commit
from contox_hooks.memory.sql import drift as sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.stored_commit import became
from contox_hooks.pipeline.drift import FileText, decide_release
from contox_hooks.pipeline.drift_name import Names
from contox_hooks.pipeline.reach import SHOWN, lost_commits
from contox_hooks.pipeline.work import BlobReader, Work


@dataclass(frozen=True, slots=True)
class Blame:
    item: Item
    """As it is in review."""
    status: ItemStatus
    reason: str | None


def undone_blames(work: Work, blobs: BlobReader) -> list[Blame]:
    """What to write of items that blame a commit which did not stay. Nothing of those that nobody can read here."""
    store, project_id = work.service.store, work.run.project_id
    if work.session.source == SOURCE_HISTORY:  # it was read from what branches reach
        return []
    rows = store.rows(sql.BLAMING, project_id=project_id)
    named = {row["id"]: sha for row in rows if (sha := blamed_commit(row["status_reason"])) is not None}
    rewritten = {row["old_sha"][:SHOWN] for row in store.rows(sql.REWRITTEN, project_id=project_id)} if named else set()
    gone = lost_commits(work, named.values()) | rewritten
    found = []
    for item_id, sha in named.items():
        if sha in gone:
            item = work.service.items.get(item_id)
            heir = became(store, project_id, sha)
            stayed = heir is not None and not heir.sha.startswith(sha)
            if _stands(work, item, heir.sha if heir is not None and stayed else "HEAD", blobs):
                found.append(Blame(item, "active", None))
            elif heir is not None and stayed:
                found.append(Blame(item, "review", (item.status_reason or "").replace(sha, heir.sha[:SHOWN])))
    return found


def _stands(work: Work, item: Item, sha: str, blobs: BlobReader) -> bool:
    store = work.service.store
    names = Names((row["path"], row["cited_as"]) for row in store.rows(item_sql.FILES_OF, item_id=item.id))
    newest = store.row(item_sql.NEWEST_EVENT, project_id=item.project_id, item_id=item.id)
    if newest is None:
        return False
    try:
        return decide_release(names.as_now(item), [], _reader(blobs, sha, names), _reader(blobs, newest["sha"], names))
    except GitFailed:
        return False


def _reader(blobs: BlobReader, sha: str, names: Names) -> FileText:
    def text(path: str) -> str | None:
        found = (blobs(sha, name) for name in names.of(path))
        return next((content.decode("utf-8", "replace") for content in found if content is not None), None)

    return text
