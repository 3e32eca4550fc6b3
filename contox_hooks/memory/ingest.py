"""Events come in: each finds its session, once.

Owns the idempotence by an event's key and what a rewrite does to older commits and their memory. Invariant: a batch is
one transaction, and the same batch again changes nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from contox_hooks.backend.protocol import Receipt
from contox_hooks.domain.digest import MAX_FILES_LISTED
from contox_hooks.domain.event import Event
from contox_hooks.domain.session import WindowMode
from contox_hooks.memory.placing import Placing
from contox_hooks.memory.sql import event as sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import lineage as lineage_sql
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Row, Said, Statement, Store


def ingest(
    store: Store, project_id: str, events: Sequence[Event], *, window: WindowMode = "fixed", seen_at: int | None = None
) -> list[Receipt]:
    """One receipt an event, in the order given. Within a batch sessions are chosen in the order of time.

    `seen_at` (seconds since the epoch): all of them belong to the session of that moment. For senders that tell of
    commits by their authors' dates, also of what they pulled.
    """
    with store.transaction():
        batch = Batch(store, project_id, window)
        batch.look_up([name for event in events for name in names_of(event)])
        receipts = batch.take_all(events, seen_at=seen_at)
        batch.finish()
    return receipts


class Batch:
    """Several deliveries of one project in one transaction; `finish` ends it.

    What is known of all their events is read at once, and what they add is written at once: of a database behind a wire
    every statement by itself is a trip.
    """

    def __init__(self, store: Store, project_id: str, window: WindowMode) -> None:
        self._store = store
        self._project_id = project_id
        self._now = store.now()
        self._placing = Placing(store, project_id, window)
        self._known: dict[str, tuple[str, str | None] | None] = {}
        """By an event's key its id and session; by a commit's id that of its replacement, and None."""
        self._later: list[Said] = []
        self._paths: dict[str, dict[str, None]] = {}
        """Of each session that got an event: the files it changed."""

    def known(self, name: str) -> tuple[str, Any] | None:
        """An event's id and session by its key."""
        if name not in self._known:
            self.look_up([name])
        return self._known[name]

    def look_up(self, names: Sequence[str], *others: Said) -> list[list[Row]]:
        """What will be asked for, as far as one can tell (`names_of`), is read at once; along with it `others`."""
        known = (sql.KNOWN, {"project_id": self._project_id, "names": json.dumps(names)})
        rows, *answers = self._store.rows_all([known, *others])
        self._known.update(dict.fromkeys(names))
        self._known.update((row["name"], (row["found"], row["session_id"])) for row in rows)
        return answers

    def write(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """At the next `flush`."""
        self._later.append((statement, values))

    def flush(self) -> None:
        """For whoever reads what was to be written."""
        changes, self._later = [*self._placing.changes(), *self._later], []
        if changes:
            self._store.run_all(changes)

    def take_all(self, events: Sequence[Event], *, seen_at: int | None) -> list[Receipt]:
        """As `ingest`."""
        receipts: dict[int, Receipt] = {}
        for index in sorted(range(len(events)), key=lambda index: events[index].at_utc):
            event = events[index]
            receipts[index] = self._take(event, event.at_utc if seen_at is None else seen_at)
        return [receipts[index] for index in range(len(events))]

    def _take(self, event: Event, seen_at: int) -> Receipt:
        known = self.known(event.key)
        if known is not None:
            return Receipt(event.key, *known, duplicate=True)
        session_id = self._placing.place(event.source, seen_at)
        event_id = self._store.new_id()
        sha = event.key.partition(":")[2] if event.type == "commit" else None
        replaced_by = None if sha is None else self.known(sha)
        self._known[event.key] = (event_id, session_id)
        self.write(sql.INSERT, {
            "id": event_id, "project_id": self._project_id, "session_id": session_id, "key": event.key,
            "type": event.type, "source": event.source, "at_utc": event.at_utc, "received_at": self._now,
            "payload": json.dumps(event.payload, separators=(",", ":")),
            "superseded_by": None if replaced_by is None else replaced_by[0],
        })  # fmt: skip
        paths = self._paths.setdefault(session_id, {})
        if event.type == "commit":
            paths.update((file["path"], None) for file in event.payload.get("files", ()))
            authored_at = event.payload["author"]["at_utc"]
            self.write(
                lineage_sql.INSERT_AUTHORED, {"project_id": self._project_id, "sha": sha, "authored_at": authored_at}
            )
        elif event.type == "rewrite":
            self.flush()
            self._rewrite(event)
        elif event.type == "vscode_capture":
            paths.update(dict.fromkeys(event.payload.get("filesModified", ())))
        return Receipt(event.key, event_id, session_id)

    def _rewrite(self, event: Event) -> None:
        command = str(event.payload.get("command", "rewrite"))
        pairs = [(old, new or "") for old, new in event.payload.get("pairs", ()) if old != new]
        for sha in itertools.chain.from_iterable(pairs):
            self._known.pop(sha, None)  # to be looked up again
        for old, new in pairs:
            self._store.run(sql.FORGET_REWRITE, project_id=self._project_id, old_sha=new, new_sha=old)
            self._store.run(sql.RESTORE, project_id=self._project_id, key=f"commit:{new}")
            self._store.run(sql.INSERT_REWRITE, project_id=self._project_id, old_sha=old, new_sha=new, command=command)
            self._store.run(sql.SUPERSEDE, project_id=self._project_id, key=f"commit:{old}", new_sha=new)
            known = self.known(f"commit:{old}")
            if known is not None:
                self._paths.setdefault(known[1], {})  # its head may be another one now
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
        rows = self._store.rows(session_sql.FILES, names=json.dumps(list(self._paths))) if self._paths else []
        for row in rows:
            files = list(dict.fromkeys((*json.loads(row["files"]), *self._paths[row["id"]])))
            is_cut = row["files_cut"] or len(files) > MAX_FILES_LISTED
            listed = json.dumps(files[:MAX_FILES_LISTED])
            self.write(session_sql.SET_FILES, {"id": row["id"], "files": listed, "files_cut": int(is_cut)})
        if rows:
            self.write(session_sql.CLOSE_ELAPSED, {"project_id": self._project_id, "now": self._now})
        self.flush()


def names_of(event: Event) -> tuple[str, ...]:
    """What is to be known of it."""
    return (event.key, event.key.partition(":")[2]) if event.type == "commit" else (event.key,)
