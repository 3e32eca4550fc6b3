"""The drain: look, digest, store, deliver; until nothing more comes.

Single flight by an OS lock. It lingers a second for the next hook, lowers its mark, and looks once more behind that, so
that no record is stranded between two drains. Killed anywhere, the next one repeats at most what was not committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from contox_hooks.backend.protocol import Backend
from contox_hooks.capture import inbox
from contox_hooks.capture.mark import Mark
from contox_hooks.capture.spool import empty_if_read, hints_since, size_bytes
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore, set_aside
from contox_hooks.capture.sweep import look
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import Busy, Error, StoreDamaged, StoreError
from contox_hooks.domain.event import TOLD, Event, commit_event, rewrite_event
from contox_hooks.domain.pipeline import decide_auto_run
from contox_hooks.domain.setting import Settings
from contox_hooks.domain.sweep import Made
from contox_hooks.git.repository import Repository
from contox_hooks.lock import FileLock

LINGER_S = 1.0
"""FACTS: one worker that lingers a second serves a burst of 100 commits; without lingering it takes 31 to 77."""

_POLL_S = 0.03
_DELIVERY = 200
"""Events a delivery; each is one transaction of the receiver."""


@dataclass(slots=True)
class Drained:
    """What one run of the drain did."""

    commits: int = 0
    events: int = 0
    delivered: int = 0
    runs: list[str] = field(default_factory=list)
    """Pipeline runs that were asked for."""
    landed: set[str] = field(default_factory=set)
    """Sessions that got a move of a branch to what was not made here."""
    told: set[str] = field(default_factory=set)
    """Sessions that somebody told something, a saved note or a scan."""
    first: bool = False
    set_aside: str | None = None
    """Where a damaged capture database went."""
    undelivered: str | None = None
    """Why events wait, one line."""


class Drain:
    def __init__(
        self,
        repo: Repository,
        state: State,
        *,
        settings: Callable[[], Settings],
        backend: Callable[[], Backend],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`settings` and `backend` are asked for when there is something to digest or to hand over, not before."""
        self._repo = repo
        self._state = state
        self._settings = settings
        self._backend = backend
        self._clock = clock
        self._mark = Mark(state.mark)
        self._looked_to = 0

    def run(self, *, linger_s: float = 0.0, wait_s: float = 0.0, reconcile: bool = False) -> Drained | None:
        """Drain until nothing more comes for `linger_s`. None when another drain is at work (after `wait_s`).
        `reconcile` asks the backend whether it still is the one that everything was delivered to, also when there is
        nothing to deliver.

        Raises Error (settings, stores) and GitFailed; what was committed by then stays.
        """
        try:
            self._state.create()
            lock = FileLock(self._state.lock)
            if not self._taken(lock, wait_s):
                return None
        except OSError as error:
            raise StoreError(
                f"{self._state.root} cannot be written: {error.strerror}", hint="git works on; commits are found later"
            ) from error
        with lock:
            done = Drained()
            with self._open(done) as store:
                self._mark.raise_()
                try:
                    self._until_quiet(store, done, linger_s)
                    if reconcile and done.undelivered is None and self._is_other_store(store, done):
                        self._deliver(store, done)
                finally:
                    self._mark.lower()
                while self._has_grown():  # the look behind the lowered mark
                    self._once(store, done)
                self._ask_for_runs(store, done)
            return done

    def backfill(self, digests: Iterable[CommitDigest], *, on_stored: Callable[[int], None]) -> Drained:
        """Store and deliver digests of the past, in steps of 200, each durable: stopped anywhere, the rest is still
        to do. `on_stored` is told how many more are done. Raises Busy while another drain works for over 30 s."""
        with FileLock(self._state.lock) as lock:
            if not self._taken(lock, 30.0):
                raise Busy("another drain is at work in this repository", hint="try again in a moment")
            done = Drained()
            with self._open(done) as store:
                self._mark.raise_()
                try:
                    for part in _parts(digests, _DELIVERY):
                        with store.transaction():
                            for digest in part:
                                self._keep(store, digest, commit_event(digest, at_utc=digest.committer.at_utc), done)
                        self._deliver(store, done)
                        on_stored(len(part))
                    self._once(store, done)  # what was committed meanwhile
                finally:
                    self._mark.lower()
                while self._has_grown():
                    self._once(store, done)
            return done

    def ask_for_runs(self) -> Drained:
        """Queue pipeline runs for what was delivered, whatever the auto-learn setting says (backfill, enrich)."""
        done = Drained()
        with self._open(done) as store:
            self._ask_for_runs(store, done, anyway=True)
        return done

    def _taken(self, lock: FileLock, wait_s: float) -> bool:
        # Whoever holds the lock with its mark up looks once more after lowering it and so sees what woke us. With the
        # mark down it may have had that last look: wait for the lock.
        deadline = time.monotonic() + max(wait_s, 2.0)
        while not lock.take():
            if time.monotonic() > deadline or (wait_s == 0 and self._mark.is_up_elsewhere()):
                return False
            time.sleep(0.02)
        return True

    def _open(self, done: Drained) -> CaptureStore:
        try:
            return CaptureStore.open(self._state.database)
        except StoreDamaged:
            aside = set_aside(self._state.database)
            done.set_aside = str(aside)
            self._state.write_log(f"capture database was damaged, set aside as {aside.name}, rebuilt from git")
            store = CaptureStore.open(self._state.database)
            store.keep_meta("recovering", "1")
            store.keep_meta("set_aside", str(aside))
            return store

    def _until_quiet(self, store: CaptureStore, done: Drained, linger_s: float) -> None:
        self._once(store, done)
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < linger_s:
            if self._has_grown():
                self._once(store, done)
                quiet_since = time.monotonic()
                self._mark.raise_()
            else:
                time.sleep(_POLL_S)
        if empty_if_read(self._state.spool, self._offset(store)):
            store.keep_meta("spool_offset", "0")
            self._once(store, done)
        if self._state.saved.exists():
            from contox_hooks.capture.saved import empty_if_taken

            empty_if_taken(self._state, store)

    def _has_grown(self) -> bool:
        """Whether a hook has written since the last look. What was there then and could not be read (a half-written
        line, a spool that is no file) is no reason to look again at once."""
        return size_bytes(self._state.spool) > self._looked_to

    def _offset(self, store: CaptureStore) -> int:
        return int(store.meta("spool_offset") or 0)

    def _once(self, store: CaptureStore, done: Drained) -> None:
        before = store.snapshot()
        now = int(self._clock())
        self._looked_to = size_bytes(self._state.spool)
        hints = hints_since(self._state.spool, self._offset(store))
        is_recovering = store.meta("recovering") is not None
        seen = look(
            self._repo,
            before,
            store.positions(),
            hints,
            last_look_at=int(store.meta("looked_at") or 0),
            recover=is_recovering,
        )
        made = self._undigested(store, seen.found.made)
        letters = inbox.letters(self._state, again=is_recovering)
        if (made or seen.events or letters) and self._settings().paused:
            store.keep_meta("spool_offset", str(hints.offset))  # snapshot and letters stay as they are: found later
            return
        with store.transaction(durable=bool(letters)):
            # Reflogs count in seconds: of one second, a switch mostly comes before the commit on the new branch.
            for event in seen.events:
                self._keep_event(store, event, now, done)
            for digest, at_utc in self._digests(store, made, now):
                self._keep(store, digest, commit_event(digest, at_utc=at_utc), done)
            fresh = store.keep_rewrites([*seen.pairs, *store.undone(seen.regained)])
            if fresh:
                self._keep_event(store, rewrite_event(fresh, command=seen.command, at_utc=now), now, done)
            for letter in letters:
                done.events += store.keep_event(_bounded(letter.event, now))
            if self._state.saved.exists():
                from contox_hooks.capture.saved import take_saved

                saved = take_saved(
                    self._state, store, self._repo, before or {}, seen.snapshot, self._settings, at_commit=bool(made)
                )
                done.events += saved is not None and store.keep_event(_bounded(saved, now))
            store.keep_positions(seen.positions)
            store.keep_snapshot(before, seen.snapshot, at_utc=now)
            store.keep_meta("spool_offset", str(hints.offset))
            store.keep_meta("recovering", None)
        inbox.file_away(self._state, letters)
        done.first = done.first or seen.first
        self._deliver(store, done)

    def _undigested(self, store: CaptureStore, made: Sequence[Made]) -> list[Made]:
        known = store.digested(item.sha for item in made)
        return [item for item in made if item.sha not in known]

    def _digests(self, store: CaptureStore, made: Sequence[Made], now: int) -> Iterator[tuple[CommitDigest, int]]:
        if not made:
            return
        from contox_hooks.capture.limit import limits_of
        from contox_hooks.capture.name import printable
        from contox_hooks.domain.redaction import redact
        from contox_hooks.git.history import read_digests

        left = {item.sha: item for item in made}
        for digest in read_digests(self._repo, list(left), limits=limits_of(self._settings())):
            item = left.pop(digest.sha)
            branch = None if item.branch is None else redact(printable(item.branch)).text
            # A digest knows merges and reverts from the commit itself; a reflog's plain `commit` says no more.
            kind = None if item.kind == "commit" else item.kind
            yield digest.with_context(kind=kind, branch=branch, origin="created"), min(item.at_utc, now)
        for sha in left:
            store.keep_gap(sha, "its objects are gone", at_utc=now)

    def _keep(self, store: CaptureStore, digest: CommitDigest, event: Event, done: Drained) -> None:
        store.keep_digested(digest.sha, digest.origin)
        if store.keep_event(event):
            done.commits += 1
            done.events += 1

    def _keep_event(self, store: CaptureStore, event: Event, now: int, done: Drained) -> None:
        if store.keep_event(_bounded(_redacted(event), now)):
            done.events += 1

    def _deliver(self, store: CaptureStore, done: Drained) -> None:
        while waiting := store.pending(_DELIVERY):
            try:
                if self._reconcile(store):
                    continue
                receipts = self._backend().deliver([event for _, event in waiting])
            except Error as error:
                done.undelivered = error.message
                self._state.write_log(f"delivery waits: {error.message}")
                return
            with store.transaction():
                pairs = zip(waiting, receipts, strict=True)
                store.acknowledge((seq, receipt.session_id) for (seq, _), receipt in pairs)
            done.delivered += len(waiting)
            for (_, event), receipt in zip(waiting, receipts, strict=True):
                if event.type == "landed" and not receipt.duplicate:
                    done.landed.add(receipt.session_id)
                elif event.type in TOLD and not receipt.duplicate:
                    done.told.add(receipt.session_id)
        done.undelivered = None

    def _is_other_store(self, store: CaptureStore, done: Drained) -> bool:
        try:
            return self._reconcile(store)
        except Error as error:
            done.undelivered = error.message
            return False

    def _reconcile(self, store: CaptureStore) -> bool:
        """Deliver everything again to a store that is not the one we knew: the old one was lost or set aside."""
        identity = self._backend().identity
        known = store.meta("backend")
        if identity == known:
            return False
        with store.transaction():
            store.keep_meta("backend", identity)
            return known is not None and store.redeliver_all() > 0

    def _ask_for_runs(self, store: CaptureStore, done: Drained, *, anyway: bool = False) -> None:
        self._ask_for_learning(store, done, anyway=anyway)
        if done.told and self._settings().auto_learn:
            done.runs += self._backend().request_run(sorted(done.told), trigger="auto")
        if done.landed and self._settings().auto_learn:  # free, and nothing to do where a run is queued
            done.runs += self._backend().request_run(sorted(done.landed), trigger="landed")

    def _ask_for_learning(self, store: CaptureStore, done: Drained, *, anyway: bool) -> None:
        burst = store.unlearned()
        if burst is None:
            return
        auto_learn = self._settings().auto_learn
        if not anyway and not decide_auto_run(auto_learn=auto_learn, changed_lines=burst.changed_lines):
            return
        done.runs = self._backend().request_run(burst.session_ids, trigger="manual" if anyway else "auto")
        with store.transaction():
            store.keep_learned(burst)


def _bounded(event: Event, now: int) -> Event:
    """A clock that was set forward, or a worktree without a log, cannot put an event into the future or at zero."""
    return replace(event, at_utc=min(event.at_utc or now, now))


def _redacted(event: Event) -> Event:
    from contox_hooks.domain.redaction import redact

    if event.type == "rewrite":
        return event
    payload = {name: redact(value).text if isinstance(value, str) else value for name, value in event.payload.items()}
    return replace(event, payload=payload)


def _parts(digests: Iterable[CommitDigest], size: int) -> Iterator[list[CommitDigest]]:
    part: list[CommitDigest] = []
    for digest in digests:
        part.append(digest)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
