"""Chunks of extraction: which commits one call of an extractor gets, and its answer, kept for ever.

Invariant: an event is in one chunk, and a chunk has one answer, durable before the next is asked for: no (session,
chunk) is paid for twice. Must not know what an answer says; it is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import job as sql
from contox_hooks.memory.store import Store


@dataclass(frozen=True, slots=True)
class Chunk:
    session_id: str
    number: int
    result: dict[str, Any] | None
    """None while it was not asked for."""


class Wanting(NamedTuple):
    session_id: str
    commits: int


READ_AGAIN = "its commits were given to a model after all"
"""Why an item was archived."""


class Chunks:
    def __init__(self, store: Store) -> None:
        self._store = store

    def assign(self, session_id: str, *, size: int) -> None:
        """Put the session's new commits into new chunks of at most `size`, in the order they happened."""
        store = self._store
        with store.transaction():
            waiting = [row["id"] for row in store.rows(event_sql.UNASSIGNED, session_id=session_id)]
            number = store.count(sql.LAST_CHUNK, session_id=session_id)
            for start in range(0, len(waiting), size):
                number += 1
                store.run(sql.INSERT_CHUNK, session_id=session_id, chunk_no=number)
                members = [{"id": event_id, "chunk_no": number} for event_id in waiting[start : start + size]]
                store.run_many(event_sql.ASSIGN, members)

    def open(self, session_id: str) -> list[Chunk]:
        """Chunks whose answers are not memory yet, in order."""
        rows = self._store.rows(sql.CHUNKS_OPEN, session_id=session_id)
        return [
            Chunk(session_id, row["chunk_no"], None if row["result"] is None else json.loads(row["result"]))
            for row in rows
        ]

    def results(self, session_id: str) -> list[dict[str, Any]]:
        """All answers of the session, in order."""
        return [json.loads(row["result"]) for row in self._store.rows(sql.CHUNK_RESULTS, session_id=session_id)]

    def events(self, chunk: Chunk) -> list[StoredEvent]:
        """Its commits that still stand."""
        rows = self._store.rows(event_sql.OF_CHUNK, session_id=chunk.session_id, chunk_no=chunk.number)
        return [stored_event(row) for row in rows]

    def answer(self, chunk: Chunk, result: dict[str, Any], *, paid: bool) -> None:
        """Keep the answer; of two for one chunk the first stays. A paid one also survives a power cut. `wanting` in it:
        rules gave it for want of a model."""
        with self._store.transaction():
            self._store.run(
                sql.SET_CHUNK_RESULT, session_id=chunk.session_id, chunk_no=chunk.number, result=json.dumps(result)
            )
        if paid:
            self._store.sync()

    def wanting(self, project_id: str) -> list[Wanting]:
        """Sessions with commits that rules read for want of a model, oldest first."""
        rows = self._store.rows(sql.WANTING, project_id=project_id)
        return [Wanting(row["session_id"], row["commits"]) for row in rows]

    def reopen(self, session_id: str, numbers: Collection[int]) -> None:
        """Have those of these chunks that rules read for want of a model read again: their commits are unprocessed, and
        what the rules made of them alone is archived, unless a person vouched for it or others were merged into it."""
        store = self._store
        with store.transaction():
            wanting = {row["chunk_no"] for row in store.rows(sql.WANTING_CHUNKS, session_id=session_id)}
            for number in wanting & set(numbers):
                where = {"session_id": session_id, "chunk_no": number}
                store.run(sql.ARCHIVE_OF_CHUNK, **where, reason=READ_AGAIN, now=store.now())
                store.run(sql.REOPEN_CHUNK, **where)
                store.run(event_sql.UNMARK_PROCESSED, **where)

    def finish(self, chunks: Sequence[Chunk], run_id: str) -> None:
        """Their answers are memory now. Only inside the transaction that stores the items."""
        for chunk in chunks:
            where = {"session_id": chunk.session_id, "chunk_no": chunk.number, "run_id": run_id}
            self._store.run(event_sql.MARK_PROCESSED, **where)
            self._store.run(sql.STORE_CHUNK, **where)
