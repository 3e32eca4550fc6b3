"""Enrichment of saved notes: those of a session that are no memory yet become items, beside its commits.

Free and the same each time, so nothing of it is kept before it is written. Invariant: a note becomes items once, in the
transaction that marks it processed.
"""

from __future__ import annotations

from dataclasses import replace

from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import lineage as lineage_sql
from contox_hooks.pipeline.note import is_automatic, note_drafts, note_summary
from contox_hooks.pipeline.work import Work


class Noting:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._store = work.service.store
        self.notes = self._unread()

    def _unread(self) -> list[StoredEvent]:
        return [stored_event(row) for row in self._store.rows(event_sql.UNREAD_NOTES, session_id=self._work.session.id)]

    def write(self) -> int:
        """How many items were made. Only inside the stage's transaction: others may have read them meanwhile."""
        self.notes = self._unread()
        made = 0
        for note in self.notes:
            for draft in note_drafts(note.event):
                cited = tuple(replace(each, event_id=note.id) for each in draft.evidence)
                self._work.service.items.add(
                    self._work.run.project_id, self._work.session.id, replace(draft, evidence=cited)
                )
                made += 1
            self._store.run(lineage_sql.MARK_TOLD, id=note.id, run_id=self._work.run.id)
        return made

    def summary(self) -> str | None:
        """Of the session's latest note that somebody wrote, else of its latest."""
        rows = self._store.rows(event_sql.LATEST_NOTES, session_id=self._work.session.id, limit=_LOOKED_AT)
        events = [stored_event(row).event for row in rows]
        told = [event for event in events if not is_automatic(event)] or events
        return next((text for text in map(note_summary, told) if text), None)


_LOOKED_AT = 20
