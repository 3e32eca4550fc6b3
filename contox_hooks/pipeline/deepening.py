"""Stage 2, Deep Enrich: what changed in signatures, routes and schemas joins the facts of the session's items.

Reads and writes for deep.py, which decides what to say. Works on what is still to do in its session, not on what its
own run made: a run also mends what an earlier, failed one left behind. So do stages 3 and 4.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from contox_hooks.domain.item import Item
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as sql
from contox_hooks.pipeline.deep import deepen
from contox_hooks.pipeline.work import BlobReader, Result, Work, Writing, plural, skip, waiting


def deep_enrich(work: Work) -> Writing:
    items = waiting(work, sql.TO_DEEPEN)
    if not work.tools.deep_enrich:
        return skip("switched off (deep_enrich)")
    if not work.tools.diffs:
        return skip("file content is not kept (diffs is false)")
    if not items:
        return skip("no new items")
    if work.tools.blobs is None:
        return skip("no clone of the repository is on this machine")
    found = deepen(items, _present(work.tools.blobs), work.tools.exclusions, _renames(work, items))

    def write() -> Result:
        service = work.service
        for item_id, appended in found.facts_by_item.items():
            item = service.items.get(item_id)
            if appended not in item.facts:
                service.items.deepen(item_id, f"{item.facts}\n{appended}")
        service.store.run(sql.MARK_DEEPENED, session_id=work.session.id, run_id=work.run.id)
        unused = f"; {plural(len(found.skipped), 'file')} not used: {found.skipped[0]}" if found.skipped else ""
        if found.partly:
            unused = f"; {plural(len(found.partly), 'file')} read in part: {found.partly[0]}{unused}"
        if not found.files_read:
            return Result(f"nothing to read{unused}", skipped=True)
        deepened = plural(len(found.facts_by_item), "item")
        return Result(f"{deepened} deepened from {plural(found.files_read, 'file')}{unused}")

    return write


def _renames(work: Work, items: Sequence[Item]) -> dict[str, dict[str, str]]:
    """Of each item that has some: the new names of files that its commits renamed, with the old ones."""
    by_event: dict[str, dict[str, str]] = {}
    for event_id in {entry.event_id for item in items for entry in item.evidence if entry.event_id}:
        row = work.service.store.row(event_sql.PAYLOAD, id=event_id)
        files = [] if row is None else json.loads(row["payload"]).get("files", [])
        by_event[event_id] = {file["path"]: file["old_path"] for file in files if file["status"] == "R"}
    found: dict[str, dict[str, str]] = {}
    for item in items:
        for entry in item.evidence:
            if renamed := by_event.get(entry.event_id or ""):
                found.setdefault(item.id, {}).update(renamed)
    return found


def _present(blobs: BlobReader) -> BlobReader:
    def read(sha: str, path: str) -> bytes | None:
        try:
            return blobs(sha, path)
        except GitFailed:
            return None

    return read
