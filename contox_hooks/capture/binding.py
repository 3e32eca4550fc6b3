"""Which events are one connection's: ranges of the capture database's outbox, no two connections' overlapping.

Invariant: what was captured for one server never goes to another unless a person asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection

UNSENT = "parcel IS NULL AND source != 'git-history'"
"""The condition of the index outbox_unsent: history that was read back is nobody's news."""

SKIPPED = 0
"""In `outbox.parcel`: the user said that it stays here."""

PAUSED_AT = "paused_at"


class Bound:
    only: frozenset[str] | None = None
    """Sessions here whose events are counted and handed out; None: all."""

    def __init__(self, store: CaptureStore, connection: Connection) -> None:
        self._store = store
        self._connection = connection
        self.remote = connection.id

    def take(self, *, existing: bool) -> None:
        """From now on events are this connection's; with `existing` also those captured before that are nobody's, and
        those that were skipped."""
        with self._store.transaction():
            last = self._last()
            self._bind_from(last)
            if existing:
                rows = self._store.rows("SELECT after, COALESCE(until, ?) FROM bound ORDER BY after", (last,))
                free = [(self.remote, low, high) for low, high in _holes(rows, last)]
                self._store.change_many("INSERT INTO bound VALUES (?, ?, ?)", free)
                where, values = self._mine()
                self._store.change(f"UPDATE outbox SET parcel = NULL WHERE parcel = {SKIPPED} AND {where}", values)

    def bind_again(self) -> None:
        """What `take` could not do because a kill came before it: what happened since `connect` is the server's. Where
        the capture database was lost and built anew, nobody knows what the server has: only what comes is sent, and
        `held_count` says how much a person may want to send again."""
        if self._is_bound():
            return
        with self._store.transaction():
            first = last = self._last()
            if not self._is_rebuilt():
                [(first,)] = self._store.rows(
                    "SELECT COALESCE(MIN(seq) - 1, ?) FROM outbox WHERE at >= ?", (last, self._connection.connected_at)
                )
            self._bind_from(first)

    def held_count(self) -> int:
        """Events since `connect` that stay here because the capture database was built anew."""
        if not self._is_rebuilt():
            return 0
        rows = self._store.rows("SELECT after, COALESCE(until, ?) FROM bound ORDER BY after", (self._last(),))
        since = self._connection.connected_at
        free = _holes(rows, self._last())
        return sum(self._count("seq > ? AND seq <= ? AND at >= ?", (low, high, since)) for low, high in free)

    def _is_rebuilt(self) -> bool:
        return self._store.meta("set_aside") is not None

    def unplaced_count(self) -> int:
        """Events that the memory store here has not taken yet: they are in no session to be sent with."""
        where, values = self._mine()
        return self._count(f"{where} AND session_id IS NULL", values)

    def _bind_from(self, seq: int) -> None:
        """Ranges never overlap: what was another's until now ends here."""
        self._store.change(
            "UPDATE bound SET until = MAX(after, ?) WHERE until IS NULL AND remote != ?", (seq, self.remote)
        )
        if not self._is_bound():
            [(taken,)] = self._store.rows("SELECT COALESCE(MAX(until), 0) FROM bound")
            self._store.change("INSERT INTO bound VALUES (?, ?, NULL)", (self.remote, max(seq, taken)))

    def _is_bound(self) -> bool:
        return bool(self._store.rows("SELECT 1 FROM bound WHERE remote = ? AND until IS NULL", (self.remote,)))

    def _last(self) -> int:
        [(last,)] = self._store.rows("SELECT COALESCE(MAX(seq), 0) FROM outbox")
        return int(last)

    def pause(self) -> None:
        """Note where the pause begins, for `skip_waiting`."""
        self.keep_note(PAUSED_AT, str(self._last()))

    def meanwhile_count(self) -> int:
        """Events in no parcel that came since the pause; all of them where no pause is noted."""
        return self._count(*self._meanwhile())

    def skip_waiting(self) -> int:
        """What came since the pause, or all that is in no parcel where none is noted, stays here unless `bind` asks
        for it; how many events."""
        where, values = self._meanwhile()
        with self._store.transaction():
            return self._store.change(f"UPDATE outbox SET parcel = {SKIPPED} WHERE {UNSENT} AND {where}", values)

    def resume(self) -> None:
        """The pause is over."""
        self.keep_note(PAUSED_AT, None)

    def _meanwhile(self) -> tuple[str, list[int]]:
        where, values = self._mine()
        return f"{where} AND seq > ?", [*values, int(self.note(PAUSED_AT) or 0)]

    def _mine(self) -> tuple[str, list[int]]:
        """A condition on `seq`: within this connection's bounds, which no other's overlap."""
        parts, values = [], []
        for after, until in self._store.rows("SELECT after, until FROM bound WHERE remote = ?", (self.remote,)):
            parts.append("seq > ?" if until is None else "(seq > ? AND seq <= ?)")
            values += [after] if until is None else [after, until]
        return f"({' OR '.join(parts)})" if parts else "0", values

    def unsent_count(self) -> int:
        """Events in no parcel."""
        where, values = self._mine()
        return self._count(f"{where}{self._among()}", [*values, *self._only()])

    def _count(self, where: str, values: Sequence[object]) -> int:
        """Events in no parcel of which this holds."""
        [(count,)] = self._store.rows(f"SELECT COUNT(*) FROM outbox WHERE {UNSENT} AND {where}", values)
        return int(count)

    def _among(self) -> str:
        return "" if self.only is None else f" AND session_id IN ({','.join('?' * len(self.only))})"

    def _only(self) -> tuple[str, ...]:
        return tuple(sorted(self.only or ()))

    def note(self, name: str) -> str | None:
        """Something small that was learnt of this server (its auto-learn setting)."""
        return self._store.meta(f"{name}:{self.remote}")

    def keep_note(self, name: str, value: str | None) -> None:
        self._store.keep_meta(f"{name}:{self.remote}", value)


def _holes(taken: Sequence[tuple[int, int]], last: int) -> Iterator[tuple[int, int]]:
    """The ranges (after, until] up to `last` that are nobody's."""
    at = 0
    for low, high in taken:
        if low > at:
            yield at, low
        at = max(at, high)
    if at < last:
        yield at, last
