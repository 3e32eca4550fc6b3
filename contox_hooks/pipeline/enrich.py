"""Stage 1, Enrichment: new commits become items with quoted evidence, and the session gets its summary.

Chunks of ten go to the extractor; each answer is durable, quote-checked, before the next is asked for. Invariant: a
chunk becomes items once, in the transaction that marks its commits processed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.domain.pipeline import EVENTS_PER_CHUNK
from contox_hooks.memory.chunk import Chunk, Chunks
from contox_hooks.memory.session import StoredEvent
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.quote import verified
from contox_hooks.pipeline.summary import session_summary
from contox_hooks.pipeline.work import Result, Work, Writing, plural, skip


def enrich(work: Work) -> Writing:
    chunks = Chunks(work.service.store)
    chunks.assign(work.session.id, size=EVENTS_PER_CHUNK)
    for chunk in chunks.open(work.session.id):
        if chunk.result is None:
            chunks.answer(chunk, _extracted(work, chunks.events(chunk)), paid=work.tools.extractor.paid)
    if not chunks.open(work.session.id):
        return skip("no new commits")
    return lambda: _store(work, chunks)


def _extracted(work: Work, events: Sequence[StoredEvent]) -> dict[str, Any]:
    digests = [CommitDigest.from_payload(stored.event.payload) for stored in events]
    if not digests:
        return {"drafts": [], "summary": None, "dropped": 0, "commits": 0, "branch": None}
    extraction = work.tools.extractor.extract(digests)
    drafts, unproven = verified(extraction.drafts, digests)
    return {
        "drafts": [asdict(draft) for draft in drafts],
        "summary": extraction.summary,
        "dropped": extraction.dropped + unproven,
        "commits": len(digests),
        "branch": digests[-1].branch,
    }


def _store(work: Work, chunks: Chunks) -> Result:
    store, session_id = work.service.store, work.session.id
    stored = chunks.open(session_id)
    event_ids: dict[str, str] = {}
    made: list[Draft] = []
    for chunk in stored:
        events = chunks.events(chunk)
        event_ids |= {event.event.key.partition(":")[2]: event.id for event in events}
        _index_files(store, work.run.project_id, events)
        for draft in _drafts(chunk):
            if any(found.commit_sha in event_ids for found in draft.evidence):  # else it was rewritten meanwhile
                work.service.items.add(work.run.project_id, session_id, _cited(draft, event_ids))
                made.append(draft)
    chunks.finish(stored, work.run.id)
    _succeed(store, work.run.project_id, made)
    standing = {row["sha"] for row in store.rows(job_sql.CHUNKED_COMMITS, session_id=session_id)}
    summary = _summary(chunks.results(session_id), standing)
    counted = work.service.sessions.get(session_id).items_extracted
    extracted = store.count(item_sql.EXTRACTED_COUNT, session_id=session_id)
    store.run(session_sql.SET_SUMMARY, id=session_id, summary=summary, items=extracted - counted)
    dropped = sum(chunk.result["dropped"] for chunk in stored if chunk.result)
    left_out = f", {plural(dropped, 'proposal')} without proof left out" if dropped else ""
    return Result(f"{plural(len(made), 'item')} from {plural(len(event_ids), 'commit')}{left_out}")


def _drafts(chunk: Chunk) -> Iterable[Draft]:
    for fields in (chunk.result or {}).get("drafts", ()):
        evidence = tuple(Evidence(**found) for found in fields["evidence"])
        lists = {"files": tuple(fields["files"]), "tags": tuple(fields["tags"])}
        yield Draft(**{**fields, **lists, "evidence": evidence})


def _cited(draft: Draft, event_ids: Mapping[str, str]) -> Draft:
    evidence = (replace(found, event_id=event_ids.get(found.commit_sha)) for found in draft.evidence)
    return replace(draft, evidence=tuple(evidence))


def _index_files(store: Store, project_id: str, events: Iterable[StoredEvent]) -> None:
    for stored in events:
        files = stored.event.payload.get("files", ())
        paths = {path for file in files for path in (file["path"], file.get("old_path")) if path}
        at = {"project_id": project_id, "at_utc": stored.event.at_utc, "event_id": stored.id}
        store.run_many(event_sql.INSERT_COMMIT_FILE, [{**at, "path": path} for path in paths])


def _succeed(store: Store, project_id: str, made: Sequence[Draft]) -> None:
    """Items of rewritten commits point at what the new commits gave."""
    for sha in sorted({found.commit_sha for draft in made for found in draft.evidence}):
        for old in _rewritten_into(store, project_id, sha):
            for orphan in store.rows(item_sql.ORPHANS_OF, project_id=project_id, commit_sha=old):
                heir = store.row(item_sql.HEIR, project_id=project_id, commit_sha=sha, type=orphan["type"])
                if heir is not None:
                    store.run(item_sql.SET_SUCCESSOR, id=orphan["id"], superseded_by=heir["id"], now=store.now())


def _rewritten_into(store: Store, project_id: str, sha: str) -> set[str]:
    """All commits that ended up as `sha`, over any number of rewrites."""
    found: set[str] = set()
    waiting = [sha]
    while waiting:
        for row in store.rows(event_sql.REWRITTEN_INTO, project_id=project_id, new_sha=waiting.pop()):
            if row["old_sha"] not in found:
                found.add(row["old_sha"])
                waiting.append(row["old_sha"])
    return found


def _summary(results: Sequence[Mapping[str, Any]], standing: Set[str]) -> str | None:
    """The extractor's own words for a session of one chunk, else one line over what its `standing` commits gave."""
    told = [result for result in results if result["commits"]]
    if len(told) == 1 and told[0]["commits"] == len(standing):
        summary: str | None = told[0]["summary"]
        return summary
    titles = [
        (draft["type"], draft["title"])
        for result in told
        for draft in result["drafts"]
        if any(found["commit_sha"] in standing for found in draft["evidence"])
    ]
    return session_summary(titles, commits=len(standing), branch=told[-1]["branch"]) if told else None
