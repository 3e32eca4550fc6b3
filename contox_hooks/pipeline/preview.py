"""What a model would be asked if the pipeline ran now. Reads only: nothing is sent, assigned or claimed.

Invariant: chunks, known items and prompts come of the same functions that enrichment uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.pipeline import EVENTS_PER_CHUNK
from contox_hooks.memory.chunk import Chunks
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import StoredEvent
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.pipeline.prompt import Prompt, prompt_for
from contox_hooks.pipeline.reading import context_of


@dataclass(frozen=True, slots=True)
class Preview:
    """One call that would be made; a repair would double it."""

    session_id: str
    chunk_no: int
    commits: int
    prompt: Prompt


def previews(service: Service, project_id: str, session_id: str) -> list[Preview]:
    """Of the session's commits that nobody was asked about yet, in order."""
    found = []
    for number, events in _unasked(service, session_id):
        digests = [CommitDigest.from_payload(stored.event.payload) for stored in events]
        if digests:
            known = context_of(service, project_id, session_id, number, digests).known()
            found.append(Preview(session_id, number, len(digests), prompt_for(digests, known)))
    return found


def _unasked(service: Service, session_id: str) -> list[tuple[int, list[StoredEvent]]]:
    """Chunks without an answer, then those that the next run would make."""
    store, chunks = service.store, Chunks(service.store)
    found = [
        (chunk.number, chunks.events(chunk)) for chunk in chunks.open(session_id) if chunk.result is None
    ]  # fmt: skip
    waiting = {row["id"] for row in store.rows(event_sql.UNASSIGNED, session_id=session_id)}
    events = [stored for stored in service.sessions.events(session_id) if stored.id in waiting] if waiting else []
    number = store.count(job_sql.LAST_CHUNK, session_id=session_id)
    for start in range(0, len(events), EVENTS_PER_CHUNK):
        number += 1
        found.append((number, events[start : start + EVENTS_PER_CHUNK]))
    return found
