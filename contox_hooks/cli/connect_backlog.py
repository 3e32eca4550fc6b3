"""What waits for a server, and what would if one were connected: the second is tried out and taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.capture.outbox import Outbox, Parcel
from contox_hooks.capture.store import CaptureStore

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.connection import Connection


class Backlog(NamedTuple):
    waiting: int
    """Events that go out."""
    left: int
    """Events captured here that stay, unless --backlog deliver takes them along."""
    captures: int
    """What the waiting ones travel in."""
    parcels: list[Parcel]
    """The first of these."""


def backlog(
    store: CaptureStore, connection: Connection, *, deliver: bool | None, starts_over: bool, shown: int,
    skip_enrichment: bool,
) -> Backlog:  # fmt: skip
    """As it would be with this connection in force; with at most `shown` parcels. Nothing is changed."""
    outbox = Outbox(store, connection)
    with store.trial():
        everything = outbox.bind(deliver_existing=True)
    with store.trial():
        leave_out(outbox, deliver=deliver, starts_over=starts_over)
        waiting = outbox.bind(deliver_existing=deliver is True)
        captures, parcels = _packed(outbox, shown, skip_enrichment=skip_enrichment)
    return Backlog(waiting, everything - waiting, captures, parcels)


def left_count(store: CaptureStore, connection: Connection) -> int:
    """Events captured here that stay with this connection in force. Nothing is changed."""
    outbox = Outbox(store, connection)
    with store.trial():
        return -outbox.waiting_count() + outbox.bind(deliver_existing=True)


def leave_out(outbox: Outbox, *, deliver: bool | None, starts_over: bool) -> int:
    """Before a connection comes into force: what is not to go with it. `deliver`: as --backlog says. How many events
    that came during a pause."""
    if deliver is True:
        return 0
    if starts_over:
        outbox.release()  # of an earlier connection to the same project
        return 0
    return 0 if deliver is None else outbox.skip_waiting()


def _packed(outbox: Outbox, shown: int, *, skip_enrichment: bool) -> tuple[int, list[Parcel]]:
    """How many captures, and the first of them; within a trial, which takes back that they count as delivered."""
    now = time.time()
    first = outbox.parcels("waiting", limit=1_000_000)
    count = len(first)
    for parcel in first:
        outbox.deliver(parcel, "", now=now)
    while (fresh := outbox.pack(lambda: skip_enrichment, now=now)) is not None:
        outbox.deliver(fresh, "", now=now)
        count += 1
        if len(first) < shown:
            first.append(fresh)
    return count, first[:shown]


@contextmanager
def outbox_of(parts: Assembly, connection: Connection) -> Iterator[tuple[CaptureStore, Outbox]]:
    with CaptureStore.open(parts.state.database) as store:
        yield store, Outbox(store, connection)
