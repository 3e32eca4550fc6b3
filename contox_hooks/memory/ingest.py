"""Events come in: each finds its session, once.

Owns the idempotence by an event's key and what a rewrite does to older commits and their memory. Invariant: a batch is
one transaction, and the same batch again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from contox_hooks.backend.protocol import Receipt
from contox_hooks.domain.digest import MAX_FILES_LISTED
from contox_hooks.domain.event import Event
from contox_hooks.domain.session import WINDOW_S, Reuse, SessionSpan, WindowMode, decide_session
from contox_hooks.memory.session import Sessions
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import lineage as lineage_sql
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Row, Store


def ingest(
    store: Store, project_id: str, events: Sequence[Event], *, window: WindowMode = "fixed", seen_at: int | None = None
) -> list[Receipt]:
    """One receipt an event, in the order given. Within a batch sessions are chosen in the order of time.

    `seen_at` (seconds since the epoch): all of them belong to the session of that moment. For senders that tell of
    commits by their authors' dates, also of what they pulled.
    """
    with store.transaction():
        batch = Batch(store, project_id, window)
        receipts = batch.take_all(events, seen_at=seen_at)
        batch.finish()
    return receipts


class Batch:
    """Several deliveries of one project in one transaction; `finish` ends it."""

    def __init__(self, store: Store, project_id: str, window: WindowMode) -> None:
        self._store = store
        self._sessions = Sessions(store)
        self._project_id = project_id
        self._window = window
        self._now = store.now()
        self._paths: dict[str, dict[str, None]] = {}
        """Of each session that got an event: the files it changed."""
        self._found: dict[tuple[str, int], str] = {}
        """Sessions by source and second: another event of a second joins the first one's."""

    def take_all(self, events: Sequence[Event], *, seen_at: int | None) -> list[Receipt]:
        """As `ingest`."""
        receipts: dict[int, Receipt] = {}
        for index in sorted(range(len(events)), key=lambda index: events[index].at_utc):
            event = events[index]
            receipts[index] = self._take(event, event.at_utc if seen_at is None else seen_at)
        return [receipts[index] for index in range(len(events))]

    def _take(self, event: Event, seen_at: int) -> Receipt:
        known = self._store.row(sql.BY_KEY, project_id=self._project_id, key=event.key)
        if known is not None:
            return Receipt(event.key, known["id"], known["session_id"], duplicate=True)
        session_id = self._session_for(event.source, seen_at)
        event_id = self._store.new_id()
        sha = event.key.partition(":")[2] if event.type == "commit" else None
        self._store.run(
            sql.INSERT, id=event_id, project_id=self._project_id, session_id=session_id, key=event.key,
            type=event.type, source=event.source, at_utc=event.at_utc, received_at=self._now,
            payload=json.dumps(event.payload, separators=(",", ":")),
            superseded_by=None if sha is None else self._replacement(sha),
        )  # fmt: skip
        paths = self._paths.setdefault(session_id, {})
        if event.type == "commit":
            paths.update((file["path"], None) for file in event.payload.get("files", ()))
            self._store.run(
                lineage_sql.INSERT_AUTHORED, project_id=self._project_id, sha=sha,
                authored_at=event.payload["author"]["at_utc"],
            )  # fmt: skip
        elif event.type == "rewrite":
            self._rewrite(event)
        elif event.type == "vscode_capture":
            paths.update(dict.fromkeys(event.payload.get("filesModified", ())))
        return Receipt(event.key, event_id, session_id)

    def _session_for(self, source: str, seen_at: int) -> str:
        at = min(seen_at, self._now)  # a clock that runs ahead must not open a session in the future
        session_id = self._found.get((source, at)) or self._joined(source, at)
        self._found[source, at] = session_id
        slide_s = WINDOW_S if self._window == "sliding" else 0
        self._store.run(session_sql.ADD_EVENT, id=session_id, at=at, slide_s=slide_s)
        return session_id

    def _joined(self, source: str, at: int) -> str:
        where = {"project_id": self._project_id, "source": source, "at": at}
        if self._window == "sliding":
            rows = self._store.rows(session_sql.SPANS_SLIDING, **where)
        else:
            rows = self._store.rows(session_sql.SPANS_FIXED, **where, earliest=at - WINDOW_S)
        rows += self._store.rows(session_sql.SPAN_AFTER, **where, now=self._now)
        decision = decide_session((_span(row) for row in rows), at, mode=self._window)
        if isinstance(decision, Reuse):
            return decision.session_id
        return self._sessions.open(self._project_id, source, started_at=decision.started_at, ended_at=decision.ended_at)

    def _replacement(self, sha: str) -> str | None:
        row = self._store.row(sql.REWRITE_OF, project_id=self._project_id, old_sha=sha)
        return None if row is None else row["new_sha"]

    def _rewrite(self, event: Event) -> None:
        command = str(event.payload.get("command", "rewrite"))
        pairs = [(old, new or "") for old, new in event.payload.get("pairs", ()) if old != new]
        for old, new in pairs:
            self._store.run(sql.FORGET_REWRITE, project_id=self._project_id, old_sha=new, new_sha=old)
            self._store.run(sql.RESTORE, project_id=self._project_id, key=f"commit:{new}")
            self._store.run(sql.INSERT_REWRITE, project_id=self._project_id, old_sha=old, new_sha=new, command=command)
            self._store.run(sql.SUPERSEDE, project_id=self._project_id, key=f"commit:{old}", new_sha=new)
            row = self._store.row(sql.BY_KEY, project_id=self._project_id, key=f"commit:{old}")
            if row is not None:
                self._paths.setdefault(row["session_id"], {})  # its head may be another one now
        for old, new in pairs:
            reason = f"{command}: commit {old[:12]} became {new[:12]}" if new else f"{command} dropped {old[:12]}"
            where = {"project_id": self._project_id, "commit_sha": old, "dropped": int(not new)}
            for row in self._store.rows(item_sql.ONLY_REWRITTEN, **where):
                heir = new and self._store.row(
                    item_sql.HEIR, project_id=self._project_id, commit_sha=new, type=row["type"]
                )
                if new and (heir is None or row["approved_at"] is not None):
                    continue  # it goes along with its commit in the next run (pipeline/carrying.py)
                self._store.run(
                    item_sql.SET_STATUS, id=row["id"], status="superseded", reason=reason,
                    superseded_by=heir["id"] if heir else None, now=self._now,
                )  # fmt: skip

    def finish(self) -> None:
        for session_id, paths in self._paths.items():
            head = self._store.row(sql.HEAD, session_id=session_id)
            session = self._sessions.get(session_id)
            files = list(dict.fromkeys((*session.files, *paths)))
            self._store.run(
                session_sql.SET_FILES, id=session_id, files=json.dumps(files[:MAX_FILES_LISTED]),
                files_cut=int(session.files_cut or len(files) > MAX_FILES_LISTED),
                head_sha=None if head is None else head["key"].partition(":")[2],
            )  # fmt: skip
        if self._paths:
            self._sessions.close_elapsed(self._project_id)


def _span(row: Row) -> SessionSpan:
    return SessionSpan(row["id"], row["started_at"], row["last_event_at"], row["ended_at"], row["end_reason"])
