"""What came in over HTTP is taken once: its events stored, its answer kept, the pipeline asked for where wanted.

Must not know HTTP or signatures. Invariants: an event's identity is its content's hash, so that a repeat gets the first
answer and changes nothing; a nonce serves one event in NONCE_LIFE_S; all of it is one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contox_hooks.backend.protocol import Receipt
from contox_hooks.domain.event import TOLD, Event, key_of
from contox_hooks.domain.pipeline import decide_auto_run
from contox_hooks.domain.setting import Settings
from contox_hooks.memory.ingest import Batch, names_of
from contox_hooks.memory.job import Jobs
from contox_hooks.memory.sql import delivery as sql
from contox_hooks.memory.store import Store

NONCE_LIFE_S: Final = 600
"""CONTRACT.md section 0, decision 3."""
SHORT_ID: Final = 12
"""So much of a commit's id the vendor's extension sends (CONTRACT.md section 3)."""
_AFTER_HEX: Final = "g"


@dataclass(frozen=True, slots=True)
class Delivery:
    project_id: str
    source: str
    type: str
    content_hash: str
    """wire/envelope.py's: an event's identity however often it is signed."""
    nonce: str | None
    events: Sequence[Event]
    """At least one."""
    seen_at: int | None
    """As `ingest` takes it."""
    wants_memory: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class Taken:
    event_id: str
    session_id: str
    """Of its latest event."""
    job_id: str | None = None
    """The first job of the run that was asked for because of it."""
    is_known: bool = False
    """It came before, and got this answer then."""
    is_pending: bool = False
    """What it tells of is on its way to be memory."""
    to_wake: tuple[str, ...] = ()
    """Sessions of its batch that have runs queued."""


def take_deliveries(store: Store, deliveries: Sequence[Delivery]) -> list[Taken | None]:
    """One answer each, in order; None: its nonce was used for another event before, nothing of it is stored. They are
    of one project, and one transaction. At least one."""
    with store.transaction():
        batch = _Taking(store, deliveries)
        taken = [batch.take(delivery) for delivery in deliveries]
        return batch.finished(taken)


class _Taking:
    def __init__(self, store: Store, deliveries: Sequence[Delivery]) -> None:
        first = deliveries[0]
        self._store = store
        self._project_id = first.project_id
        self._now = store.now()
        self._known: dict[str, Taken] = {}
        """By the content's hash."""
        self._used: set[str] = set()
        """Nonces, as they are kept."""
        self._ingest = Batch(store, first.project_id, first.settings.window)
        self._look_up(deliveries)
        self._wanted: dict[str, int] = {}
        """Sessions with commits or notes to learn from, and the least seconds between automatic runs."""
        self._landed: dict[str, None] = {}

    def _look_up(self, deliveries: Sequence[Delivery]) -> None:
        names = [name for one in deliveries for name in (one.content_hash, _kept(one.nonce)) if name is not None]
        known = {"project_id": self._project_id, "names": json.dumps(names), "since": self._now - NONCE_LIFE_S}
        events = (event for one in deliveries for event in one.events)
        of_events = [name for event in events for name in (*names_of(event), _short_key(event))]
        [rows] = self._ingest.look_up(of_events, (sql.KNOWN, known))
        for row in rows:
            if row["id"] is None:
                self._used.add(row["name"])
            else:
                self._known[row["name"]] = Taken(row["id"], row["session_id"], is_known=True)

    def take(self, delivery: Delivery) -> Taken | None:
        known = self._known.get(delivery.content_hash)
        if known is not None:
            return known
        nonce = _kept(delivery.nonce)
        if nonce in self._used:
            return None
        events = [found for event in delivery.events for found in self._with_full_id(event)]
        receipts = self._ingest.take_all(events, seen_at=delivery.seen_at)
        latest = receipts[max(range(len(events)), key=lambda index: (events[index].at_utc, index))]
        self._ingest.write(sql.INSERT, {
            "project_id": self._project_id, "hash": delivery.content_hash, "id": latest.event_id,
            "session_id": latest.session_id, "type": delivery.type, "source": delivery.source, "nonce": nonce,
            "now": self._now,
        })  # fmt: skip
        self._known[delivery.content_hash] = Taken(latest.event_id, latest.session_id, is_known=True)
        if nonce is not None:
            self._used.add(nonce)
        told = [(event, receipt) for event, receipt in zip(events, receipts, strict=True) if not receipt.duplicate]
        is_pending = delivery.wants_memory and self._want_memory(delivery.settings, told)
        return Taken(latest.event_id, latest.session_id, is_pending=is_pending)

    def _with_full_id(self, event: Event) -> Iterator[Event]:
        """A commit that is known by its full id is that one, whoever told of it first."""
        sha = event.key.partition(":")[2]
        if event.type != "commit" or len(sha) < SHORT_ID:
            yield event
        elif len(sha) == SHORT_ID:
            self._ingest.flush()
            between = {"low": event.key, "high": event.key + _AFTER_HEX}
            found = self._store.rows(sql.COMMITS_BETWEEN, project_id=self._project_id, **between)
            yield replace(event, key=found[0]["key"]) if len(found) == 1 else event
        else:
            yield event
            short = sha[:SHORT_ID]
            if self._ingest.known(_short_key(event)) is not None:
                payload = {"command": "full id", "pairs": [[short, sha]]}
                yield Event("rewrite", key_of("rewrite", "full id", short, sha), event.source, event.at_utc, payload)

    def _want_memory(self, settings: Settings, told: Sequence[tuple[Event, Receipt]]) -> bool:
        if settings.auto_learn:
            self._landed |= {receipt.session_id: None for event, receipt in told if event.type == "landed"}
        changed_lines = sum(event.changed_lines for event, _ in told)
        is_due = decide_auto_run(auto_learn=settings.auto_learn, changed_lines=changed_lines)
        sessions = {
            receipt.session_id
            for event, receipt in told
            if (is_due and event.type == "commit") or (settings.auto_learn and event.type in TOLD)
        }
        self._wanted |= dict.fromkeys(sessions, settings.min_interval_s)
        return bool(sessions)

    def finished(self, taken: Sequence[Taken | None]) -> list[Taken | None]:
        """What is done once for all of them."""
        self._ingest.finish()
        jobs = Jobs(self._store)
        job_ids: dict[str, str] = {}
        for session_id, interval_s in self._wanted.items():
            for run_id in jobs.request([session_id], trigger="auto", min_interval_s=interval_s):
                job_ids[session_id] = jobs.of_run(run_id)[0].id
        if self._landed:  # free, and nothing to do where a run is queued
            jobs.request(list(self._landed), trigger="landed")
        to_wake = tuple(self._wanted | self._landed)
        return [
            answer
            and replace(answer, job_id=job_ids.get(answer.session_id) if answer.is_pending else None, to_wake=to_wake)
            for answer in taken
        ]


def _short_key(event: Event) -> str:
    """Under which a commit stands that was told of with a short id."""
    return event.key[: len("commit:") + SHORT_ID] if event.type == "commit" else event.key


def _kept(nonce: str | None) -> str | None:
    """Every text is a nonce, and not every text can be kept: it is known by its hash."""
    if nonce is None:
        return None
    return hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).hexdigest()
