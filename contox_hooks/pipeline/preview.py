"""What a model would be asked if the pipeline ran now, and what it would not be asked, with the reason. Reads only:
nothing is sent, assigned or claimed.

Invariant: chunks, known items, prompts and refusals come of the same functions that enrichment uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.pipeline import EVENTS_PER_CHUNK
from contox_hooks.memory.chunk import Chunk, Chunks
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import StoredEvent
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import job as job_sql
from contox_hooks.model.chat import Question
from contox_hooks.pipeline.kinship import Kinship, Trees
from contox_hooks.pipeline.model_extractor import HISTORY
from contox_hooks.pipeline.prompt import Prompt, prompt_for
from contox_hooks.pipeline.reading import context_of


@dataclass(frozen=True, slots=True)
class Preview:
    """One call; a repair would double it."""

    session_id: str
    chunk_no: int
    commits: int
    prompt: Prompt
    refused: str = ""
    """Why it would not be made, and rules read instead; empty where it would."""


class Foresight(Protocol):
    """`model.metering.Foresight`."""

    def refusal(self, question: Question, session_id: str, commits: Sequence[str]) -> str: ...


@dataclass(frozen=True, slots=True)
class Previews:
    """Ask it for the sessions in the order they would run: what is foreseen of one counts for the next."""

    service: Service
    project_id: str
    foresight: Foresight | None
    """None: no model can be asked, because of `why_none`."""
    why_none: str = ""
    narrow: Narrow = field(default_factory=Narrow)
    trees: Trees | None = None
    """What a clone can say of commits, where there is one."""
    paid: bool = False
    """Whether the model costs money: then fewer commits are read again."""
    history: bool = False
    """As `enrich --again`: also what rules read in the model's stead."""

    def of(self, session_id: str) -> list[Preview]:
        """Of the session's commits that nobody was asked about yet, in order."""
        found = []
        for number, events in self._unasked(session_id):
            digests = [self.narrow.digest(CommitDigest.from_payload(stored.event.payload)) for stored in events]
            if digests:
                where = (self.service, self.project_id, session_id, number, digests, self.narrow)
                prompt = prompt_for(digests, context_of(*where).known())
                refused = self._refusal(prompt, session_id, digests)
                found.append(Preview(session_id, number, len(digests), prompt, refused))
        return found

    def _refusal(self, prompt: Prompt, session_id: str, digests: Sequence[CommitDigest]) -> str:
        if self.foresight is None:
            return self.why_none
        if not self.history and all(digest.origin == "history" for digest in digests):
            return HISTORY
        return self.foresight.refusal(prompt.question, session_id, [digest.sha for digest in digests])

    def _unasked(self, session_id: str) -> list[tuple[int, list[StoredEvent]]]:
        """Chunks without an answer, then those that the next run would make."""
        store, chunks = self.service.store, Chunks(self.service.store)
        asked_for = [chunk for chunk in chunks.open(session_id) if chunk.result is None]
        if self.history:
            asked_for += [Chunk(session_id, row["chunk_no"], None) for row in store.rows(
                job_sql.WANTING_CHUNKS, session_id=session_id
            )]  # fmt: skip
        found = [(chunk.number, chunks.events(chunk)) for chunk in asked_for]
        waiting = {row["id"] for row in store.rows(event_sql.UNASSIGNED, session_id=session_id)}
        if waiting:
            waiting -= self._carried(session_id, chunks)
        stored = self.service.sessions.events(session_id) if waiting else []
        events = [event for event in stored if event.id in waiting]
        number = store.count(job_sql.LAST_CHUNK, session_id=session_id)
        for start in range(0, len(events), EVENTS_PER_CHUNK):
            number += 1
            found.append((number, events[start : start + EVENTS_PER_CHUNK]))
        return found

    def _carried(self, session_id: str, chunks: Chunks) -> set[str]:
        """Commits that tell again what is memory already (amended, rebased, picked): nobody is asked about them."""
        told = {
            evidence["commit_sha"]
            for result in chunks.results(session_id)
            for draft in result["drafts"]
            for evidence in draft["evidence"]
        }
        kinship = Kinship(self.service.store, self.project_id, self.trees, paid=self.paid)
        return {
            kin.event.id
            for kin in kinship.of_session(session_id)
            if kin.is_told or (kin.rewritten and kin.digest.sha in told)
        }
