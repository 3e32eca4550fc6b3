"""The capture database of one repository: snapshot, positions, digested commits, outbox.

Standard library only: it lies on the hook's path. Whatever advances the position is in the transaction that stores what
was found: `transaction()` around `keep_…`. Event payloads stay after delivery, so that a lost memory store can be
filled again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from contox_hooks.domain.error import StoreDamaged, StoreError, StoreNewer
from contox_hooks.domain.event import Event
from contox_hooks.git.reflog import Position

VERSION = 3
_BUSY_S = 10.0
"""How long another process' transaction is waited for."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (ref TEXT PRIMARY KEY, sha TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE reflog (
    log TEXT PRIMARY KEY, offset INTEGER NOT NULL, tail_bytes INTEGER NOT NULL, tail_hash BLOB NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE digest (sha TEXT PRIMARY KEY, origin TEXT NOT NULL, superseded_by TEXT) WITHOUT ROWID;
CREATE TABLE rewrite (old TEXT NOT NULL, new TEXT NOT NULL, PRIMARY KEY (old, new)) WITHOUT ROWID;
CREATE TABLE gap (sha TEXT PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    at INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    session_id TEXT,
    learned INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_pending ON outbox (seq) WHERE state = 'pending';
CREATE INDEX outbox_unlearned ON outbox (seq) WHERE learned = 0 AND state = 'delivered';
"""

_REMOTE = """
ALTER TABLE outbox ADD COLUMN parcel INTEGER;
DROP INDEX outbox_unlearned;
CREATE INDEX outbox_unlearned ON outbox (session_id, changed, seq) WHERE learned = 0 AND state = 'delivered';
CREATE INDEX outbox_unsent ON outbox (seq) WHERE parcel IS NULL AND source = 'git-hooks';
CREATE TABLE bound (remote TEXT NOT NULL, after INTEGER NOT NULL, until INTEGER);
CREATE TABLE parcel (
    id INTEGER PRIMARY KEY,
    remote TEXT NOT NULL,
    session_id TEXT NOT NULL,
    source TEXT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    skip_enrichment INTEGER NOT NULL,
    events INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    failures INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL,
    last_error TEXT,
    remote_session TEXT
);
CREATE INDEX parcel_open ON parcel (remote, state, session_id, id) WHERE state != 'delivered';
CREATE INDEX parcel_delivered ON parcel (session_id, id) WHERE state = 'delivered';
"""
"""Format 2: what goes to a server (capture/outbox.py)."""

_TOLD = """
DROP INDEX outbox_unsent;
CREATE INDEX outbox_unsent ON outbox (seq) WHERE parcel IS NULL AND source != 'git-history';
"""
"""Format 3: what was told (capture/inbox.py) goes to a server too."""

_STEPS = (_SCHEMA, _REMOTE, _TOLD)
"""Format n is the first n of them."""


class Burst(NamedTuple):
    """Delivered commits that no pipeline run was asked for yet."""

    session_ids: tuple[str, ...]
    changed_lines: int
    last_seq: int


class CaptureCounts(NamedTuple):
    commits: int
    pending: int
    last_at_utc: int | None
    gaps: int


class CaptureStore:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> CaptureStore:
        """Open or create. Raises StoreNewer, StoreDamaged, StoreError; a newer file is left as it is."""
        try:
            db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        except sqlite3.Error as error:
            raise _explained(path, error) from error
        store = cls(db, path)
        try:
            store._prepare()
        except BaseException:
            db.close()
            raise
        return store

    def _prepare(self) -> None:
        version = self.number("PRAGMA user_version")
        if version > VERSION:
            raise StoreNewer(
                f"{self._path} was written by a newer contox-hooks (format {version}, this one reads {VERSION})",
                hint="pip install --upgrade contox-hooks; the file was left untouched",
            )
        self._use_wal()
        self.rows("PRAGMA synchronous = NORMAL")
        if version < VERSION:
            with self.transaction():
                for step in _STEPS[self.number("PRAGMA user_version") :]:  # another process may have been quicker
                    for statement in step.split(";"):
                        self.change(statement)
                self.change(f"PRAGMA user_version = {VERSION}")
            self._path.chmod(0o600)

    def _use_wal(self) -> None:
        """Readers never wait for the writer. Switching takes the file alone for a moment, and SQLite does not wait for
        others that hold it then."""
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL").fetchall()
                return
            except sqlite3.Error as error:
                is_busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
                if not is_busy or time.monotonic() > deadline:
                    raise _explained(self._path, error) from error
            time.sleep(0.01)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> CaptureStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All or nothing; within another one, a part of it. What git tells again may be lost in a power cut; `durable`
        is not. Raises StoreError when the disk is full or read-only."""
        if self._db.in_transaction:
            yield
            return
        self.rows(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self.change("BEGIN IMMEDIATE")
        try:
            yield
            self.change("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk rolls back by itself
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Whatever is changed within is taken back; within another one, by that one."""
        if self._db.in_transaction:
            yield
            return
        self.change("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    # SQL, for this class and capture/outbox.py: errors become StoreError

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _explained(self._path, error) from error

    def number(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])

    def change(self, sql: str, values: Sequence[object] = ()) -> int:
        """How many rows were changed."""
        try:
            return self._db.execute(sql, values).rowcount
        except sqlite3.Error as error:
            raise _explained(self._path, error) from error

    def change_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        try:
            self._db.executemany(sql, values)
        except sqlite3.Error as error:
            raise _explained(self._path, error) from error

    # What the last look saw

    def meta(self, key: str) -> str | None:
        rows = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def keep_meta(self, key: str, value: str | None) -> None:
        if value is None:
            self.change("DELETE FROM meta WHERE key = ?", (key,))
        else:
            self.change("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def snapshot(self) -> dict[str, str] | None:
        """Ref names and targets of the last look; None before the first."""
        if self.meta("looked_at") is None:
            return None
        return dict(self.rows("SELECT ref, sha FROM snapshot"))

    def keep_snapshot(self, before: Mapping[str, str] | None, after: Mapping[str, str], *, at_utc: int) -> None:
        """Only what differs is written: a repository with 10,000 refs costs no more than one with ten."""
        before = before or {}
        gone = [(name,) for name in before if name not in after]
        moved = [(name, sha) for name, sha in after.items() if before.get(name) != sha]
        self.change_many("DELETE FROM snapshot WHERE ref = ?", gone)
        self.change_many("INSERT OR REPLACE INTO snapshot VALUES (?, ?)", moved)
        self.keep_meta("looked_at", str(at_utc))

    def positions(self) -> dict[str, Position]:
        rows = self.rows("SELECT log, offset, tail_bytes, tail_hash, at FROM reflog")
        return {log: Position(*fields) for log, *fields in rows}

    def keep_positions(self, positions: Mapping[str, Position]) -> None:
        rows = [(log, *position) for log, position in positions.items()]
        self.change_many("INSERT OR REPLACE INTO reflog VALUES (?, ?, ?, ?, ?)", rows)

    # Digests and events

    def digested(self, shas: Iterable[str]) -> set[str]:
        """Which of these commits have a digest already."""
        wanted = list(shas)
        found: set[str] = set()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(row[0] for row in self.rows(f"SELECT sha FROM digest WHERE sha IN ({marks})", part))
        return found

    def keep_event(self, event: Event) -> bool:
        """Put it into the outbox; False if it stands there already."""
        changed = self.change(
            "INSERT OR IGNORE INTO outbox (key, type, source, at, changed, payload, learned)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.key,
                event.type,
                event.source,
                event.at_utc,
                event.changed_lines,
                json.dumps(event.payload, ensure_ascii=False, separators=(",", ":")),
                int(event.type != "commit"),
            ),
        )
        return changed > 0

    def keep_digested(self, sha: str, origin: str) -> None:
        self.change("INSERT OR IGNORE INTO digest (sha, origin) VALUES (?, ?)", (sha, origin))

    def keep_rewrites(self, pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
        """Link old to new; returns the pairs that were not known. None stands for dropped."""
        fresh: list[tuple[str, str | None]] = []
        for old, new in pairs:
            if self.change("INSERT OR IGNORE INTO rewrite VALUES (?, ?)", (old, new or "")):
                fresh.append((old, new))
                self.change("UPDATE digest SET superseded_by = ? WHERE sha = ?", (new or "", old))
                self.change("UPDATE digest SET superseded_by = NULL WHERE sha = ?", (new,))
                self.change("DELETE FROM rewrite WHERE old = ? AND new = ?", (new, old))
        return fresh

    def undone(self, shas: Iterable[str]) -> list[tuple[str, str]]:
        """For those of these commits that had been replaced: what replaced them, and they themselves."""
        pairs: list[tuple[str, str]] = []
        for sha in shas:
            rows = self.rows("SELECT new FROM rewrite WHERE old = ? AND new != ''", (sha,))
            pairs += [(str(new), sha) for (new,) in rows]
        return pairs

    def keep_gap(self, sha: str, reason: str, *, at_utc: int) -> None:
        self.change("INSERT OR IGNORE INTO gap VALUES (?, ?, ?)", (sha, reason, at_utc))

    # Delivery

    def pending(self, limit: int) -> list[tuple[int, Event]]:
        """The oldest events that no backend has acknowledged."""
        rows = self.rows(
            "SELECT seq, type, key, source, at, payload FROM outbox WHERE state = 'pending' ORDER BY seq LIMIT ?",
            (limit,),
        )
        return [(seq, Event(kind, key, source, at, json.loads(text))) for seq, kind, key, source, at, text in rows]

    def acknowledge(self, delivered: Iterable[tuple[int, str]]) -> None:
        """(seq, session id) of events that are durable elsewhere."""
        rows = [(session_id, seq) for seq, session_id in delivered]
        self.change_many("UPDATE outbox SET state = 'delivered', session_id = ? WHERE seq = ?", rows)

    def redeliver_all(self) -> int:
        """Everything goes out once more (the memory store was lost); the receiver knows repeats by their keys."""
        return self.change("UPDATE outbox SET state = 'pending', learned = 0 WHERE state = 'delivered'")

    def unlearned(self) -> Burst | None:
        [row] = self.rows(
            "SELECT COALESCE(SUM(changed), 0), MAX(seq) FROM outbox WHERE learned = 0 AND state = 'delivered'"
        )
        if row[1] is None:
            return None
        ids = self.rows(
            "SELECT DISTINCT session_id FROM outbox"
            " WHERE learned = 0 AND state = 'delivered' AND session_id IS NOT NULL"
        )
        return Burst(tuple(r[0] for r in ids), int(row[0]), int(row[1]))

    def keep_learned(self, burst: Burst) -> None:
        self.change("UPDATE outbox SET learned = 1 WHERE learned = 0 AND seq <= ?", (burst.last_seq,))

    def counts(self) -> CaptureCounts:
        last = self.rows("SELECT at FROM outbox WHERE source = 'git-hooks' ORDER BY seq DESC LIMIT 1")
        return CaptureCounts(
            commits=self.number("SELECT COUNT(*) FROM digest"),
            pending=self.number("SELECT COUNT(*) FROM outbox WHERE state = 'pending'"),
            last_at_utc=last[0][0] if last else None,
            gaps=self.number("SELECT COUNT(*) FROM gap"),
        )

    def gaps(self, limit: int = 20) -> list[tuple[str, str]]:
        return list(self.rows("SELECT sha, reason FROM gap ORDER BY at DESC LIMIT ?", (limit,)))


def set_aside(path: Path) -> Path:
    """Move a damaged database out of the way, with its journal files; returns its new name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("-wal", "-shm"):
        journal = path.with_name(path.name + suffix)
        if journal.exists():
            journal.replace(aside.with_name(aside.name + suffix))
    path.replace(aside)
    return aside


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    where = f"the capture database {path}"
    text = str(error).lower()
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return StoreDamaged(f"{where} is damaged ({error})", hint="contox-hooks doctor --fix")
    if "full" in text:
        return StoreError(f"{where} cannot be written: the disk is full", hint="free some space; nothing is lost")
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return StoreError(f"{where} cannot be written ({error})", hint="check the folder's owner and permissions")
    return StoreError(f"{where}: {error}", hint="contox-hooks doctor")
