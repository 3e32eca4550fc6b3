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
    parcels: list[Parcel]


def backlog(store: CaptureStore, connection: Connection, *, deliver: bool, limit: int = 0) -> Backlog:
    """As it would be with this connection in force; with at most `limit` parcels. Nothing is changed."""
    outbox = Outbox(store, connection)
    with store.trial():
        everything = outbox.bind(deliver_existing=True)
    with store.trial():
        waiting = outbox.bind(deliver_existing=deliver)
        parcels = outbox.preview(limit, now=time.time()) if limit else []
    return Backlog(waiting, everything - waiting, parcels)


@contextmanager
def outbox_of(parts: Assembly, connection: Connection) -> Iterator[tuple[CaptureStore, Outbox]]:
    with CaptureStore.open(parts.state.database) as store:
        yield store, Outbox(store, connection)
