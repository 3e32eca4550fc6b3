"""Stage 4, Dedup: the session's items against one another and what is known. dedup.py decides, settling.py writes."""

from __future__ import annotations

from contox_hooks.memory.sql import dedup as dedup_sql
from contox_hooks.memory.sql import item as sql
from contox_hooks.pipeline.work import Result, Work, Writing, plural, skip


def dedup(work: Work) -> Writing:
    store = work.service.store
    rows = store.rows(sql.TO_DEDUP, session_id=work.session.id)
    if not rows:
        return skip("no new items")
    from contox_hooks.pipeline.dedup import decide
    from contox_hooks.pipeline.known import Known, dedup_item, with_order, with_vectors
    from contox_hooks.pipeline.settling import settle, settle_verdicts

    ids = {row["id"] for row in rows}
    known = work.project.known
    if known is None or any(item_id in known for item_id in ids):
        known = Known(store, work.run.project_id, without=ids)
        work.project.known = known
    new = [dedup_item(store, row, store.rows(dedup_sql.EVIDENCE, item_id=row["id"])) for row in rows]
    around = with_vectors(store, known.around(new), work.tools.embedder().name)
    decisions = decide(around := with_order(store, work.run.project_id, around))

    def write() -> Result:
        counts = settle(work.service.items, decisions, [item.id for item in around])
        counts += settle_verdicts(work.service.items, store, [item.id for item in new])
        store.run(sql.MARK_DEDUPED, session_id=work.session.id, run_id=work.run.id)
        known.put(new)
        known.group((merge.survivor_id, merge.absorbed_id) for merge in decisions.merges)
        told = f"{plural(counts['merged'], 'merge')} among {plural(len(new), 'new item')}"
        told += f"; {counts['replaced']} replaced" if counts["replaced"] else ""
        return Result(told + (f"; {plural(counts['conflicts'], 'contradiction')}" if counts["conflicts"] else ""))

    return write
