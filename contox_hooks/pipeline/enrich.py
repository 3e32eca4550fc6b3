"""Stage 1, Enrichment: new commits and notes become items with quoted evidence, and the session gets its summary.

Chunks of ten go to the extractor; each answer is durable, quote-checked, before the next is asked for. Invariant: a
chunk becomes items once, in the transaction that marks its commits processed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import StageFailed
from contox_hooks.domain.item import Draft, Evidence, Relation
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.pipeline import EVENTS_PER_CHUNK
from contox_hooks.memory.chunk import Chunk, Chunks
from contox_hooks.memory.session import StoredEvent
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.carrying import Carrying
from contox_hooks.pipeline.noting import Noting
from contox_hooks.pipeline.quote import verified
from contox_hooks.pipeline.reading import context_of, told_of_reading
from contox_hooks.pipeline.scanning import Scanning
from contox_hooks.pipeline.summary import joined_summary, session_summary
from contox_hooks.pipeline.work import Result, Work, Writing, plural, skip


def enrich(work: Work) -> Writing:
    chunks, carrying, noting = Chunks(work.service.store), Carrying(work), Noting(work)
    scanning = Scanning(work)
    carrying.set_aside(lambda: map(_drafts, chunks.results(work.session.id)))
    chunks.assign(work.session.id, size=EVENTS_PER_CHUNK)
    unfit = None
    for chunk in chunks.open(work.session.id):
        if chunk.result is None:
            try:
                result = _extracted(work, chunk, chunks.events(chunk))
            except StageFailed as error:
                unfit = unfit or error
            else:
                chunks.answer(chunk, result, paid=work.tools.extractor.paid)
    if unfit is not None:
        with work.service.store.transaction():  # what the others gave is memory all the same
            _store(work, chunks, carrying, noting, scanning)
        raise unfit
    if not chunks.open(work.session.id) and not carrying.told and not noting.notes and not scanning.scans:
        return skip("no new commits")
    return lambda: _store(work, chunks, carrying, noting, scanning)


def _extracted(work: Work, chunk: Chunk, events: Sequence[StoredEvent]) -> dict[str, Any]:
    digests = [CommitDigest.from_payload(stored.event.payload) for stored in events]
    if not digests:
        return {"drafts": [], "summary": None, "dropped": 0, "commits": 0, "branch": None}
    narrow = Narrow(work.tools.exclusions, work.tools.diffs)
    context = context_of(work.service, work.run.project_id, chunk.session_id, chunk.number, digests, narrow)
    extraction = work.tools.extractor.extract(digests, context=context)
    drafts, unproven = verified(extraction.drafts, digests)
    return {
        "drafts": [asdict(draft) for draft in drafts],
        "summary": extraction.summary,
        "dropped": extraction.dropped + unproven,
        "commits": len(digests),
        "branch": digests[-1].branch,
        "by": extraction.by,
        "note": extraction.note,
        "wanting": extraction.wanting,
    }


def _store(work: Work, chunks: Chunks, carrying: Carrying, noting: Noting, scanning: Scanning) -> Result:
    store, session_id = work.service.store, work.session.id
    stored = [chunk for chunk in chunks.open(session_id) if chunk.result is not None]
    event_ids: dict[str, str] = {}
    made = 0
    carrying.carry()
    taken: list[StoredEvent] = []
    for chunk in stored:
        taken += (events := chunks.events(chunk))
        event_ids |= {event.event.key.partition(":")[2]: event.id for event in events}
        _index_files(store, work.run.project_id, events)
        for draft in _drafts(chunk.result):
            if any(found.commit_sha in event_ids for found in draft.evidence):  # else it was rewritten meanwhile
                made += carrying.add(_cited(draft, event_ids))
    chunks.finish(stored, work.run.id)
    _index_files(store, work.run.project_id, carrying.told)
    carrying.finish(taken)
    made += noting.write() + scanning.write()
    standing = {row["sha"] for row in store.rows(job_sql.CHUNKED_COMMITS, session_id=session_id)}
    of_commits = _summary(chunks.results(session_id), standing | carrying.sources, commits=len(standing))
    summary = joined_summary(noting.summary() or scanning.summary, of_commits)
    counted = work.service.sessions.get(session_id).items_extracted
    extracted = store.count(item_sql.EXTRACTED_COUNT, session_id=session_id)
    store.run(session_sql.SET_SUMMARY, id=session_id, summary=summary, items=extracted - counted)
    dropped = sum(chunk.result["dropped"] for chunk in stored if chunk.result)
    left_out = f", {plural(dropped, 'proposal')} without proof left out" if dropped else ""
    by, notes = told_of_reading({chunk.number: chunk.result for chunk in stored if chunk.result})
    read = [plural(len(event_ids), "commit")] if event_ids or not (noting.notes or scanning.scans) else []
    read += [plural(len(noting.notes), "note")] if noting.notes else []
    read += [plural(len(scanning.scans), "scan")] if scanning.scans else []
    told = f"{plural(made, 'item')} from {' and '.join(read)}{carrying.detail}{scanning.detail}"
    return Result(f"{told}{by}{left_out}{notes}")


def _drafts(result: Mapping[str, Any] | None) -> Iterable[Draft]:
    for fields in (result or {}).get("drafts", ()):
        evidence = tuple(Evidence(**found) for found in fields["evidence"])
        lists = {"files": tuple(fields["files"]), "tags": tuple(fields["tags"])}
        relations = tuple(Relation(**told) for told in fields.get("relations", ()))
        yield Draft(**{**fields, **lists, "evidence": evidence, "relations": relations})


def _cited(draft: Draft, event_ids: Mapping[str, str]) -> Draft:
    evidence = (replace(found, event_id=event_ids.get(found.commit_sha)) for found in draft.evidence)
    return replace(draft, evidence=tuple(evidence))


def _index_files(store: Store, project_id: str, events: Iterable[StoredEvent]) -> None:
    for stored in events:
        files = stored.event.payload.get("files", ())
        paths = {path for file in files for path in (file["path"], file.get("old_path")) if path}
        at = {"project_id": project_id, "at_utc": stored.event.at_utc, "event_id": stored.id}
        store.run_many(event_sql.INSERT_COMMIT_FILE, [{**at, "path": path} for path in paths])


def _summary(results: Sequence[Mapping[str, Any]], standing: Set[str], *, commits: int) -> str | None:
    """The extractor's own words for a session of one chunk, else one line over what its `standing` commits gave."""
    told = [result for result in results if result["commits"]]
    if len(told) == 1 and told[0]["commits"] == commits:
        summary: str | None = told[0]["summary"]
        return summary
    titles = [
        (draft["type"], draft["title"])
        for result in told
        for draft in result["drafts"]
        if any(found["commit_sha"] in standing for found in draft["evidence"])
    ]
    return session_summary(titles, commits=commits, branch=told[-1]["branch"]) if told else None
