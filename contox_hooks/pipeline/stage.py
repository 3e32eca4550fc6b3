"""Stages 2 to 4: deep enrichment, embedding, deduplication; and the one table that names all five.

Each works on what is still to do in its session, not on what its own run made: a run also mends what an earlier, failed
one left behind.
"""

from __future__ import annotations

from contox_hooks.domain.item import Item
from contox_hooks.domain.pipeline import Stage
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.sql import item as sql
from contox_hooks.pipeline.deep import deepen
from contox_hooks.pipeline.drifting import drift_check
from contox_hooks.pipeline.embedding import chunks
from contox_hooks.pipeline.enrich import enrich
from contox_hooks.pipeline.work import BlobReader, Registry, Result, Work, Writing, plural, skip


def deep_enrich(work: Work) -> Writing:
    items = _waiting(work, sql.TO_DEEPEN)
    if not work.tools.deep_enrich:
        return skip("switched off (deep_enrich)")
    if not work.tools.diffs:
        return skip("file content is not kept (diffs is false)")
    if not items:
        return skip("no new items")
    if work.tools.blobs is None:
        return skip("no clone of the repository is on this machine")
    found = deepen(items, _present(work.tools.blobs), work.tools.exclusions)

    def write() -> Result:
        service = work.service
        for item_id, appended in found.facts_by_item.items():
            item = service.items.get(item_id)
            if appended not in item.facts:
                service.items.deepen(item_id, f"{item.facts}\n{appended}")
        service.store.run(sql.MARK_DEEPENED, session_id=work.session.id, run_id=work.run.id)
        unused = f"; {plural(len(found.skipped), 'file')} not used: {found.skipped[0]}" if found.skipped else ""
        if not found.files_read:
            return Result(f"nothing to read{unused}", skipped=True)
        deepened = plural(len(found.facts_by_item), "item")
        return Result(f"{deepened} deepened from {plural(found.files_read, 'file')}{unused}")

    return write


def _present(blobs: BlobReader) -> BlobReader:
    def read(sha: str, path: str) -> bytes | None:
        try:
            return blobs(sha, path)
        except GitFailed:
            return None

    return read


def embed(work: Work) -> Writing:
    if not _waiting(work, sql.TO_EMBED_ANY):
        return skip("no new items")
    from contox_hooks.memory.vector import save

    embedder = work.tools.embedder()
    items = _waiting(work, sql.TO_EMBED, model=embedder.name)
    pieces = [(item, piece) for item in items for piece in chunks(embedded_text(item))]
    if not pieces:
        return skip("every item is embedded already")
    rows = embedder.embed([piece for _, piece in pieces])

    def write() -> Result:
        for item in items:
            own = [row for row, (owner, _) in zip(rows, pieces, strict=True) if owner is item]
            save(work.service.store, item.id, embedder.name, own)
        return Result(f"{plural(len(items), 'item')}, {plural(len(pieces), 'vector')}")

    return write


def embedded_text(item: Item) -> str:
    return "\n".join(part for part in (item.title, item.facts, item.rationale) if part)


def dedup(work: Work) -> Writing:
    items = _waiting(work, sql.TO_DEDUP)
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


def _waiting(work: Work, statement: str, **values: str) -> list[Item]:
    items = work.service.items
    rows = work.service.store.rows(statement, session_id=work.session.id, **values)
    return [items.with_evidence(row) for row in rows]


STAGE_FUNCTIONS: Registry = {
    Stage.ENRICH: enrich,
    Stage.DEEP_ENRICH: deep_enrich,
    Stage.EMBED: embed,
    Stage.DEDUP: dedup,
    Stage.DRIFT_CHECK: drift_check,
}
