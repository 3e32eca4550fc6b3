"""What waits for a server: events of one session are frozen into a parcel just before they are sent.

A parcel's text never changes, so that a repeat is the same event with the same decision. What belongs to one connection
is never handed to another: `bound` says which events are whose. Lease, send, acknowledge: courier.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection
from contox_hooks.domain.delivery import Circuit
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import Event
from contox_hooks.wire.capture import Bounds, fit
from contox_hooks.wire.envelope import content_hash

ParcelState = Literal["waiting", "quarantined", "delivered", "dropped"]

_UNSENT = "parcel IS NULL AND source = 'git-hooks'"
"""The condition of the index outbox_unsent: history that was read back is nobody's news."""

SKIPPED = 0
"""In `outbox.parcel`: the user said that it stays here."""

MIN_BYTES = 8 * 1024
"""What a server finds too large is made smaller down to this."""

_COLUMNS = "id, session_id, source, hash, text, skip_enrichment, events, first_at, state, failures, due_at, last_error"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One capture event, frozen. Times in seconds since the epoch."""

    id: int
    session_id: str
    """The session here whose events it holds."""
    source: str
    hash: str
    """Its identity: wire/envelope.py, content_hash."""
    text: str
    """The exact JSON text of the event."""
    skip_enrichment: bool
    """The first try's auto-learn decision, which every repeat repeats."""
    events: int
    first_at: int
    state: ParcelState = "waiting"
    failures: int = 0
    due_at: float = 0.0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What stands between here and the server."""

    events: int
    """Not acknowledged yet, also those in no parcel; without quarantined ones."""
    quarantined: int
    """Parcels that the server refuses."""
    circuit: Circuit
    last_error: str | None = None
    """Of the parcel that was tried last and waits."""


class Outbox:
    def __init__(self, store: CaptureStore, connection: Connection) -> None:
        self._store = store
        self._connection = connection
        self.remote = connection.id

    # Whose events

    def bind(self, *, deliver_existing: bool) -> int:
        """From now on events are this connection's; with `deliver_existing` also those captured before that are
        nobody's, and those that were skipped. How many wait then."""
        with self._store.transaction():
            [(last,)] = self._store.rows("SELECT COALESCE(MAX(seq), 0) FROM outbox")
            self._store.change("UPDATE bound SET until = ? WHERE until IS NULL AND remote != ?", (last, self.remote))
            if not self._is_bound():
                self._store.change("INSERT INTO bound VALUES (?, ?, NULL)", (self.remote, last))
            if deliver_existing:
                rows = self._store.rows("SELECT after, COALESCE(until, ?) FROM bound ORDER BY after", (last,))
                free = [(self.remote, low, high) for low, high in _holes(rows, last)]
                self._store.change_many("INSERT INTO bound VALUES (?, ?, ?)", free)
                where, values = self._mine()
                self._store.change(f"UPDATE outbox SET parcel = NULL WHERE parcel = {SKIPPED} AND {where}", values)
        return self.waiting_count()

    def _is_bound(self) -> bool:
        return bool(self._store.rows("SELECT 1 FROM bound WHERE remote = ? AND until IS NULL", (self.remote,)))

    def bind_again(self) -> None:
        """Where the capture database was lost and built anew: what happened since `connect` is the server's."""
        if self._is_bound():
            return
        with self._store.transaction():
            if not self._is_bound():
                [(first,)] = self._store.rows(
                    "SELECT COALESCE(MIN(seq) - 1, (SELECT COALESCE(MAX(seq), 0) FROM outbox))"
                    " FROM outbox WHERE at >= ?",
                    (self._connection.connected_at,),
                )
                self._store.change("INSERT INTO bound VALUES (?, ?, NULL)", (self.remote, first))

    def skip_waiting(self) -> int:
        """What waits in no parcel stays here for good; how many events."""
        where, values = self._mine()
        with self._store.transaction():
            return self._store.change(f"UPDATE outbox SET parcel = {SKIPPED} WHERE {_UNSENT} AND {where}", values)

    def _mine(self) -> tuple[str, list[int]]:
        """A condition on `seq`: within this connection's bounds, which no other's overlap."""
        parts, values = [], []
        for after, until in self._store.rows("SELECT after, until FROM bound WHERE remote = ?", (self.remote,)):
            parts.append("seq > ?" if until is None else "(seq > ? AND seq <= ?)")
            values += [after] if until is None else [after, until]
        return f"({' OR '.join(parts)})" if parts else "0", values

    def waiting_count(self) -> int:
        """Events that the server has not acknowledged and does not refuse."""
        where, values = self._mine()
        [(unsent,)] = self._store.rows(f"SELECT COUNT(*) FROM outbox WHERE {_UNSENT} AND {where}", values)
        [(packed,)] = self._store.rows(
            "SELECT COALESCE(SUM(events), 0) FROM parcel WHERE remote = ? AND state = 'waiting'", (self.remote,)
        )
        return int(unsent) + int(packed)

    def waiting(self) -> Waiting:
        [(quarantined,)] = self._store.rows(
            "SELECT COUNT(*) FROM parcel WHERE remote = ? AND state = 'quarantined'", (self.remote,)
        )
        errors = self._store.rows(
            "SELECT last_error FROM parcel WHERE remote = ? AND state = 'waiting' AND last_error IS NOT NULL"
            " ORDER BY changed_at DESC LIMIT 1",
            (self.remote,),
        )
        return Waiting(self.waiting_count(), int(quarantined), self.circuit(), errors[0][0] if errors else None)

    # Lease

    def due(self, now: float) -> Parcel | None:
        """A parcel that stands first in its session and whose time has come; the longest overdue first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM parcel AS first WHERE remote = ? AND state = 'waiting' AND due_at <= ?"
            " AND NOT EXISTS (SELECT 1 FROM parcel AS other"
            " WHERE other.remote = first.remote AND other.state = 'waiting'"
            " AND other.session_id = first.session_id AND other.id < first.id)"
            " ORDER BY due_at, id LIMIT 1",
            (self.remote, now),
        )
        return _parcel(rows[0]) if rows else None

    def next_due_at(self) -> float | None:
        """When the next waiting parcel's time comes; None without any."""
        [(at,)] = self._store.rows(
            "SELECT MIN(due_at) FROM parcel WHERE remote = ? AND state = 'waiting'", (self.remote,)
        )
        return None if at is None else float(at)

    def has_unpacked(self) -> bool:
        """Whether some session has events in no parcel and no parcel before them."""
        return self._first_unpacked() is not None

    def _first_unpacked(self) -> tuple[int, str] | None:
        where, values = self._mine()
        rows = self._store.rows(
            f"SELECT seq, session_id FROM outbox WHERE {_UNSENT} AND {where}"
            " AND session_id IS NOT NULL AND session_id NOT IN"
            " (SELECT session_id FROM parcel WHERE remote = ? AND state = 'waiting') ORDER BY seq LIMIT 1",
            [*values, self.remote],
        )
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def pack(self, skip_enrichment: Callable[[], bool], *, now: float) -> Parcel | None:
        """Freeze the oldest events of a session that has no parcel under way; None when there are none."""
        if not self.has_unpacked():
            return None
        skip = skip_enrichment()  # may ask the server: not within the transaction
        with self._store.transaction():
            return self._packed(skip=skip, now=now)

    def _packed(self, *, skip: bool, now: float) -> Parcel | None:
        first = self._first_unpacked()
        if first is None:
            return None
        seq, session_id = first
        where, values = self._mine()
        bounds = self.bounds()
        rows = self._store.rows(
            "SELECT seq, type, key, source, at, payload FROM outbox"
            f" WHERE {_UNSENT} AND {where} AND seq >= ? AND session_id = ? ORDER BY seq LIMIT ?",
            [*values, seq, session_id, bounds.events],
        )
        events = [Event(kind, key, source, at, json.loads(text)) for _, kind, key, source, at, text in rows]
        fitted = fit(events, bounds)
        source = self._connection.source
        [(parcel_id,)] = self._store.rows(
            "INSERT INTO parcel"
            " (remote, session_id, source, hash, text, skip_enrichment, events, first_at, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                self.remote, session_id, source, content_hash(self._connection.project_id, source, fitted.text),
                fitted.text, int(skip), fitted.taken, rows[0][4], int(now),
            ),
        )  # fmt: skip
        taken = [(parcel_id, row[0]) for row in rows[: fitted.taken]]
        self._store.change_many("UPDATE outbox SET parcel = ? WHERE seq = ?", taken)
        return self.parcel(parcel_id)

    def bounds(self) -> Bounds:
        """The connection's, made smaller by what the server found too large."""
        bounds = Bounds() if self._connection.batching else Bounds(events=1)
        learned = self._store.meta(f"max_bytes:{self.remote}")
        return bounds if learned is None else replace(bounds, size_bytes=min(bounds.size_bytes, int(learned)))

    # Acknowledge

    def deliver(self, parcel: Parcel, remote_session: str, *, now: float) -> str | None:
        """The server has it. The server's session before, if it put this session's earlier events into another one:
        that was closed there."""
        with self._store.transaction():
            before = self._store.rows(
                "SELECT remote_session FROM parcel WHERE session_id = ? AND state = 'delivered' AND remote = ?"
                " ORDER BY id DESC LIMIT 1",
                (parcel.session_id, self.remote),
            )
            self._store.change(
                "UPDATE parcel SET state = 'delivered', text = '', last_error = NULL, remote_session = ?,"
                " changed_at = ? WHERE id = ?",
                (remote_session, int(now), parcel.id),
            )
        known = str(before[0][0] or "") if before else ""
        return known if known and remote_session and known != remote_session else None

    def delay(self, parcel: Parcel, reason: str, *, due_at: float, now: float) -> None:
        """It failed and is tried again."""
        self._store.change(
            "UPDATE parcel SET failures = failures + 1, due_at = ?, last_error = ?, changed_at = ? WHERE id = ?",
            (due_at, reason, int(now), parcel.id),
        )

    def quarantine(self, parcel: Parcel, reason: str, *, now: float) -> None:
        self._store.change(
            "UPDATE parcel SET state = 'quarantined', failures = failures + 1, last_error = ?, changed_at = ?"
            " WHERE id = ?",
            (reason, int(now), parcel.id),
        )

    def split(self, parcel: Parcel, reason: str, *, now: float) -> None:
        """Too large for the server: dissolved, and packed smaller from now on; quarantined if it cannot get smaller."""
        size = len(parcel.text.encode()) // 2
        if size < MIN_BYTES:
            self.quarantine(parcel, reason, now=now)
            return
        with self._store.transaction():
            self._store.keep_meta(f"max_bytes:{self.remote}", str(size))
            self._dissolve(parcel.id)

    def _dissolve(self, parcel_id: int) -> None:
        self._store.change("UPDATE outbox SET parcel = NULL WHERE parcel = ?", (parcel_id,))
        self._store.change("DELETE FROM parcel WHERE id = ?", (parcel_id,))

    # By hand

    def parcel(self, parcel_id: int) -> Parcel:
        """Raises NotFound."""
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM parcel WHERE id = ? AND remote = ?", (parcel_id, self.remote))
        if not rows:
            raise NotFound(f"there is no event {parcel_id} in the outbox", hint="contox-hooks outbox list")
        return _parcel(rows[0])

    def parcels(self, *states: ParcelState, limit: int = 1000) -> list[Parcel]:
        """Oldest first."""
        marks = ",".join("?" * len(states))
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM parcel WHERE remote = ? AND state IN ({marks}) ORDER BY id LIMIT ?",
            (self.remote, *states, limit),
        )
        return [_parcel(row) for row in rows]

    def retry(self, ids: Sequence[int] | None, *, now: float) -> int:
        """Waiting again, due at once: these, or all that wait or are quarantined. How many."""
        which = "state IN ('waiting', 'quarantined')"
        if ids is not None:
            which = f"state != 'delivered' AND id IN ({','.join('?' * len(ids))})"
        return self._store.change(
            f"UPDATE parcel SET state = 'waiting', due_at = 0, changed_at = ? WHERE remote = ? AND {which}",
            (int(now), self.remote, *(ids or ())),
        )

    def drop(self, parcel: Parcel, *, now: float) -> None:
        """Never to be sent unless `retry` names it; its events stay on this machine."""
        self._store.change("UPDATE parcel SET state = 'dropped', changed_at = ? WHERE id = ?", (int(now), parcel.id))

    # The connection's health

    def circuit(self) -> Circuit:
        try:
            return Circuit(*json.loads(self._store.meta(f"circuit:{self.remote}") or "[]"))
        except (ValueError, TypeError):
            return Circuit()

    def keep_circuit(self, circuit: Circuit) -> None:
        if circuit != self.circuit():
            text = None if circuit == Circuit() else json.dumps(circuit)
            self._store.keep_meta(f"circuit:{self.remote}", text)

    def note(self, name: str) -> str | None:
        """Something small that was learnt of this server (its auto-learn setting)."""
        return self._store.meta(f"{name}:{self.remote}")

    def keep_note(self, name: str, value: str) -> None:
        self._store.keep_meta(f"{name}:{self.remote}", value)

    # What would go out

    def preview(self, limit: int, *, now: float) -> list[Parcel]:
        """What would be sent next, in order, at most `limit`; nothing is changed."""
        found = self.parcels("waiting", limit=limit)
        with self._store.trial():
            self._store.change("UPDATE parcel SET state = 'delivered' WHERE state = 'waiting'")
            while len(found) < limit and (parcel := self._packed(skip=False, now=now)) is not None:
                found.append(parcel)
                self._store.change("UPDATE parcel SET state = 'delivered' WHERE id = ?", (parcel.id,))
        return found


def _parcel(row: Any) -> Parcel:
    values = list(row)
    values[5] = bool(values[5])
    return Parcel(*values)


def _holes(taken: Sequence[tuple[int, int]], last: int) -> Iterator[tuple[int, int]]:
    """The ranges (after, until] up to `last` that are nobody's."""
    at = 0
    for low, high in taken:
        if low > at:
            yield at, low
        at = max(at, high)
    if at < last:
        yield at, last
