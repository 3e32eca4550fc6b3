"""Stage 4, Dedup: the session's items against each other and all that is known; dedup.py decides, this writes."""

from __future__ import annotations

from contox_hooks.memory.sql import item as sql
from contox_hooks.pipeline.work import Result, Work, Writing, plural, skip, waiting


def dedup(work: Work) -> Writing:
    items = waiting(work, sql.TO_DEDUP)
    if not items:
        return skip("no new items")
    from contox_hooks.pipeline.dedup import decide_merges
    from contox_hooks.pipeline.known import Known, candidate

    store, model = work.service.store, work.tools.embedder().name
    known = work.project.known
    if known is None or any(item.id in known for item in items):
        known = Known(store, work.run.project_id, model, without={item.id for item in items})
        work.project.known = known
    new = [candidate(store, item, model) for item in items]
    existing = (known.vectors.ids, known.vectors.matrix) if len(known.vectors) else None
    merges = decide_merges(new, known.items, existing_matrix=existing)

    def write() -> Result:
        shown = ("active", "review")
        merged = 0
        for merge in merges:
            pair = [work.service.items.get(item_id) for item_id in (merge.survivor_id, merge.absorbed_id)]
            if all(item.status in shown for item in pair):  # a drain may have superseded one since
                work.service.items.merge(merge.survivor_id, merge.absorbed_id, merge.reason)
                merged += 1
        store.run(sql.MARK_DEDUPED, session_id=work.session.id, run_id=work.run.id)
        absorbed = {merge.absorbed_id for merge in merges}
        known.add(item for item in new if item.id not in absorbed)
        for item_id in absorbed:
            known.forget(item_id)
        return Result(f"{plural(merged, 'merge')} among {plural(len(items), 'new item')}")

    return write
