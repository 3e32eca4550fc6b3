"""What waits for a server: events of one session are frozen into a parcel just before they are sent.

A parcel's text never changes, so that a repeat is the same event with the same decision. What belongs to one connection
is never handed to another: `bound` says which events are whose. Lease, send, acknowledge: courier.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from contox_hooks.capture.binding import PAUSED_AT, UNSENT, Bound
from contox_hooks.domain.delivery import RETRY_AFTER_CAP_S, Circuit, rest_s
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import TOLD, Event

if TYPE_CHECKING:
    from contox_hooks.wire.capture import Bounds

ParcelState = Literal["waiting", "quarantined", "delivered", "dropped"]

_FIRST = (
    "parcel AS first WHERE remote = ? AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM parcel AS other"
    " WHERE other.remote = first.remote AND other.state = 'waiting' AND other.session_id = first.session_id"
    " AND other.id < first.id)"
)
"""Waiting parcels with none of their session before them."""

_TOO_LARGE = "too_large"
LEARNED_S = 86_400.0
"""So long what a server found too large counts; its limit may have been a proxy's, or changed."""

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


class Outbox(Bound):
    def bind(self, *, deliver_existing: bool) -> int:
        """Take what is captured from now on, or also what was before; how many events wait then."""
        self.take(existing=deliver_existing)
        return self.waiting_count()

    def waiting_count(self) -> int:
        """Events that the server has not acknowledged and does not refuse."""
        [(packed,)] = self._store.rows(
            f"SELECT COALESCE(SUM(events), 0) FROM parcel WHERE remote = ? AND state = 'waiting'{self._among()}",
            (self.remote, *self._only()),
        )
        return self.unsent_count() + int(packed)

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
        """A parcel that stands first in its session and whose time has come; the one whose last try is longest ago."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM {_FIRST}{self._among()} AND (due_at <= ? OR due_at > ?)"
            " ORDER BY changed_at, id LIMIT 1",
            (self.remote, *self._only(), now, now + RETRY_AFTER_CAP_S),
        )
        return _parcel(rows[0]) if rows else None

    def next_due_in_s(self, now: float) -> float | None:
        """Seconds until the next parcel's time comes; None without any."""
        rows = self._store.rows(f"SELECT due_at FROM {_FIRST}{self._among()}", (self.remote, *self._only()))
        return min((rest_s(at, now) for (at,) in rows), default=None)

    def has_waiting(self) -> bool:
        """Whether anything is left to send, now or later."""
        return self.has_unpacked() or self.next_due_in_s(0.0) is not None

    def waiting_sessions(self) -> list[str]:
        """Sessions here with events that the server has not acknowledged, the longest waiting first."""
        where, values = self._mine()
        packed = self._store.rows(
            "SELECT session_id FROM parcel WHERE remote = ? AND state = 'waiting' ORDER BY id", (self.remote,)
        )
        unsent = self._store.rows(
            f"SELECT session_id FROM outbox WHERE {UNSENT} AND {where} AND session_id IS NOT NULL"
            " GROUP BY session_id ORDER BY MIN(seq)",
            values,
        )
        return list(dict.fromkeys(str(row[0]) for row in [*packed, *unsent]))

    def counterpart(self, remote_session: str) -> str | None:
        """The session here whose events went into that session of the server last; None when none did."""
        rows = self._store.rows(
            "SELECT session_id FROM parcel WHERE remote = ? AND remote_session = ? ORDER BY id DESC LIMIT 1",
            (self.remote, remote_session),
        )
        return str(rows[0][0]) if rows else None

    def has_unpacked(self) -> bool:
        """Whether some session has events in no parcel and no parcel before them."""
        return self._first_unpacked() is not None

    def _first_unpacked(self) -> tuple[int, str] | None:
        where, values = self._mine()
        rows = self._store.rows(
            f"SELECT seq, session_id FROM outbox WHERE {UNSENT} AND {where}{self._among()}"
            " AND session_id IS NOT NULL AND session_id NOT IN"
            " (SELECT session_id FROM parcel WHERE remote = ? AND state = 'waiting') ORDER BY seq LIMIT 1",
            [*values, *self._only(), self.remote],
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
        from contox_hooks.wire.capture import Fitted, fit
        from contox_hooks.wire.envelope import content_hash
        from contox_hooks.wire.letter import letter

        first = self._first_unpacked()
        if first is None:
            return None
        seq, session_id = first
        where, values = self._mine()
        bounds = self.bounds(now)
        rows = self._store.rows(
            "SELECT seq, type, key, source, at, payload FROM outbox"
            f" WHERE {UNSENT} AND {where} AND seq >= ? AND session_id = ? ORDER BY seq LIMIT ?",
            [*values, seq, session_id, bounds.events],
        )
        events = [Event(kind, key, source, at, json.loads(text)) for _, kind, key, source, at, text in rows]
        if events[0].type in TOLD:
            source, fitted = events[0].source, Fitted(letter(events[0], bounds.size_bytes), 1)
        else:
            source = self._connection.source
            fitted = fit(list(takewhile(lambda event: event.type not in TOLD, events)), bounds)
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

    def bounds(self, now: float) -> Bounds:
        """The connection's; for a day made smaller by what the server found too large."""
        from contox_hooks.wire.capture import Bounds  # `status` counts what waits and packs nothing

        bounds = Bounds() if self._connection.batching else Bounds(events=1)
        try:
            events, size_bytes, learned_at = json.loads(self.note(_TOO_LARGE) or "")
        except (ValueError, TypeError):
            return bounds
        if not 0 <= now - learned_at < LEARNED_S:
            return bounds
        return Bounds(min(bounds.events, int(events)), min(bounds.size_bytes, int(size_bytes)))

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
        """Too large for the server: dissolved, and packed smaller for a while. Quarantined if it cannot get smaller, or
        if the server may have stored it at an earlier try: other bytes would be another event."""
        size_bytes = len(parcel.text.encode()) // 2
        if parcel.failures or (parcel.events == 1 and size_bytes < MIN_BYTES):
            self.quarantine(parcel, reason, now=now)
            return
        with self._store.transaction():
            learned = [max(parcel.events // 2, 1), max(size_bytes, MIN_BYTES), int(now)]
            self.keep_note(_TOO_LARGE, json.dumps(learned))
            self._dissolve(parcel.id)

    def _dissolve(self, parcel_id: int) -> None:
        self._store.change("UPDATE outbox SET parcel = NULL WHERE parcel = ?", (parcel_id,))
        self._store.change("DELETE FROM parcel WHERE id = ?", (parcel_id,))

    # By hand

    def release(self) -> int:
        """The connection is forgotten: what waits is nobody's, and `bind` with `deliver_existing` takes it along. How
        many events."""
        with self._store.transaction():
            count = self.waiting_count()
            for parcel in self.parcels("waiting", limit=1_000_000):
                self._dissolve(parcel.id)
            self._store.change("DELETE FROM bound WHERE remote = ?", (self.remote,))
            for name in ("circuit", PAUSED_AT, _TOO_LARGE):
                self.keep_note(name, None)
        return count

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
            "UPDATE parcel SET state = 'waiting', due_at = 0, failures = 0, changed_at = ?"
            f" WHERE remote = ? AND {which}",
            (int(now), self.remote, *(ids or ())),
        )

    def hurry(self) -> None:
        """What waits is due now, however often it failed."""
        self._store.change("UPDATE parcel SET due_at = 0 WHERE remote = ? AND state = 'waiting'", (self.remote,))

    def drop(self, parcel: Parcel, *, now: float) -> None:
        """Never to be sent unless `retry` names it; its events stay on this machine."""
        self._store.change("UPDATE parcel SET state = 'dropped', changed_at = ? WHERE id = ?", (int(now), parcel.id))

    # The connection's health

    def circuit(self) -> Circuit:
        try:
            return Circuit(*json.loads(self.note("circuit") or "[]"))
        except (ValueError, TypeError):
            return Circuit()

    def keep_circuit(self, circuit: Circuit) -> None:
        if circuit != self.circuit():
            text = None if circuit == Circuit() else json.dumps(circuit)
            self.keep_note("circuit", text)

    # What would go out

    def preview(self, limit: int, *, now: float, skip_enrichment: bool = False) -> list[Parcel]:
        """What would be sent next, in order, at most `limit`; nothing is changed. `skip_enrichment`: what would be
        decided now for events that were never tried."""
        found = self.parcels("waiting", limit=limit)
        with self._store.trial():
            self._store.change("UPDATE parcel SET state = 'delivered' WHERE state = 'waiting'")
            while len(found) < limit and (parcel := self._packed(skip=skip_enrichment, now=now)) is not None:
                found.append(parcel)
                self._store.change("UPDATE parcel SET state = 'delivered' WHERE id = ?", (parcel.id,))
        return found


def _parcel(row: Any) -> Parcel:
    values = list(row)
    values[5] = bool(values[5])
    return Parcel(*values)
