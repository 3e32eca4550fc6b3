"""Enrichment of scans: findings become items, beside a session's commits and notes; later scans change them in place.

Free and the same each time, so nothing of it is kept before it is written. Invariants: a scan becomes memory once, in
the transaction that marks it processed; in whatever order scans come, memory says what the newest found, of which an
older one may have told what did not change; what a person decided or wrote stays.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from contox_hooks.domain.item import MAX_FILES, Draft, Item
from contox_hooks.domain.narrow import Narrow
from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import lineage as lineage_sql
from contox_hooks.memory.sql import scan as sql
from contox_hooks.pipeline.scan import scan_drafts, scan_summary, standing, still_told
from contox_hooks.pipeline.work import Work, plural

GONE = "scan: not found any more"
"""How the reason begins of an item whose finding went."""


class Scanning:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._store = work.service.store
        self._items = work.service.items
        self._project_id = work.run.project_id
        self.scans = self._unread()
        self._did: Counter[str] = Counter()

    def _unread(self) -> list[StoredEvent]:
        return [stored_event(row) for row in self._store.rows(sql.UNREAD, session_id=self._work.session.id)]

    def write(self) -> int:
        """How many items were made. Only inside the stage's transaction: others may have read them meanwhile."""
        self.scans = self._unread()
        row = self._store.row(sql.NEWEST_READ, project_id=self._project_id)
        read = stored_event(row) if row is not None else None
        newest = max([*([read] if read else []), *self.scans], key=lambda scan: scan.event.at_utc, default=None)
        for scan in self.scans:
            if read is not None and newest is not None and scan.event.at_utc < read.event.at_utc:
                self._take(scan, only=still_told(scan.event, newest.event))
            else:
                self._take(scan)
            self._store.run(lineage_sql.MARK_TOLD, id=scan.id, run_id=self._work.run.id)
        return self._did["new"]

    @property
    def summary(self) -> str | None:
        return next((text for scan in reversed(self.scans) if (text := scan_summary(scan.event))), None)

    @property
    def detail(self) -> str:
        told = (
            plural(self._did[what], "finding") + f" {what}" for what in ("changed", "gone", "kept") if self._did[what]
        )
        return "".join(f", {each}" for each in told)

    def _take(self, scan: StoredEvent, only: frozenset[str] | None = None) -> None:
        """`only`: of a scan that comes late, what the newest one still finds; it ends nothing."""
        rows = self._store.rows(sql.ITEMS, project_id=self._project_id)
        known = {row["dedup_hint"]: row["id"] for row in rows}
        narrow = Narrow(self._work.tools.exclusions, self._work.tools.diffs)
        for draft in scan_drafts(scan.event, narrow):
            if only is None or draft.dedup_hint in only:
                cited = tuple(replace(each, event_id=scan.id) for each in draft.evidence)
                self._settle(replace(draft, evidence=cited), known, is_late=only is not None)
        names = standing(scan.event) if only is None else None
        for hint, item_id in known.items():
            if names is not None and hint not in names:
                self._end(self._items.get(item_id), scan)

    def _settle(self, draft: Draft, known: Mapping[str, str], *, is_late: bool) -> None:
        """A late one gives no reason to leave the review that something newer may have asked for."""
        item_id = known.get(draft.dedup_hint or "")
        if item_id is None:
            made = self._items.add(self._project_id, self._work.session.id, draft)
            self._store.run(sql.MARK_DEEP, id=made, run_id=self._work.run.id)
            self._did["new"] += 1
            return
        item = self._items.get(item_id)
        came_back = item.status == "archived" and (item.status_reason or "").startswith(GONE)
        if item.approved_at is not None or not (item.status in ("active", "review") or came_back):
            self._did["kept"] += 1
        elif (
            came_back
            or (item.status == "review" and not is_late)
            or (item.title, item.facts) != (draft.title, draft.facts)
        ):
            self._retell(item, draft)
            self._did["changed"] += 1

    def _retell(self, item: Item, draft: Draft) -> None:
        self._items.retell(
            item.id, type=draft.type, title=draft.title, facts=draft.facts, schema_key=draft.schema_key,
            importance=draft.importance, tags=draft.tags, dedup_hint=draft.dedup_hint,
        )  # fmt: skip
        self._items.replace_evidence(item.id, draft.evidence)
        for row in self._store.rows(item_sql.FILES_OF, item_id=item.id):
            where = {"path": row["path"], "cited_as": row["cited_as"]}
            self._store.run(item_sql.UNLINK_FILE, project_id=self._project_id, item_id=item.id, **where)
        for path in draft.files[:MAX_FILES]:
            self._store.run(
                item_sql.INSERT_FILE, project_id=self._project_id, path=path, item_id=item.id, cited_as=path
            )  # fmt: skip
        self._store.run(
            sql.SET_FILES, id=item.id, files=json.dumps(draft.files[:MAX_FILES]), at_utc=draft.at_utc,
            session_id=self._work.session.id, confidence=draft.confidence, commit_range=draft.commit_range,
            now=self._store.now(),
        )  # fmt: skip
        if item.status != "active":
            self._items.set_status(item.id, "active")
        self._items.index(item.id)

    def _end(self, item: Item, scan: StoredEvent) -> None:
        if item.status not in ("active", "review"):
            return
        head = str(scan.event.payload.get("headCommitSha") or "")[:12]
        reason = f"{GONE}{f' in {head}' if head else ''}"
        if item.approved_at is not None and (item.status_reason or "") != reason:
            self._items.set_status(item.id, "review", reason=reason)
        elif item.approved_at is None:
            self._items.set_status(item.id, "archived", reason=reason)
        self._did["gone"] += 1
