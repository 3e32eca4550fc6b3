"""Asks the server, in a thread of its own: a slow or dead server holds up neither the look for commits nor Ctrl-C.

When is watch_schedule.py's to say, what is news follow_remote.py's; this thread alone touches the connection. A stream
that the server announces is a doorbell: lists stay the truth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

from contox_hooks.cli.follow_remote import Gone, Jobs, Page
from contox_hooks.cli.watch_schedule import Schedule
from contox_hooks.connection import Connection
from contox_hooks.domain.error import AccessRefused, Error, NotFound
from contox_hooks.link import Link

if TYPE_CHECKING:
    from contox_hooks.wire.session import RemoteSession

NEWEST = 5
"""CONTRACT.md section 8: limit 5."""
MORE = 50
"""When all of those are new, there may be others behind."""
LISTEN_S = 1.0
"""A stream is left so often, to see what else is due."""
RESTREAM_S = 30.0
TELL_RATE_S = 60.0
"""A shorter silence that the server asks for is no trouble."""


@dataclass(frozen=True, slots=True)
class Trouble:
    error: Error


@dataclass(frozen=True, slots=True)
class Recovered:
    pass


News = Page | Jobs | Gone | Trouble | Recovered


class Poller(Thread):
    """`news` is read by one other thread. `is_settled`: nothing is under way, as far as the last turn saw."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(daemon=True)
        self.news: SimpleQueue[News] = SimpleQueue()
        self.is_settled = False
        self._connection = connection
        self._link = Link(connection)
        self._schedule = Schedule()
        self._orders: SimpleQueue[Literal["stop", "look"]] = SimpleQueue()
        self._etags: dict[str, str | None] = {}
        self._known: set[str] = set()
        self._own: str | None = None
        self._trouble: tuple[str, str] | None = None
        self._stream: str | None = None
        self._bell: Iterator[bool] | None = None
        self._bell_from = float("-inf")

    def stop(self, wait_s: float = 1.0) -> None:
        """Ends it; one that hangs in a request is left behind, as a daemon."""
        self._orders.put("stop")
        self.join(wait_s)

    def look(self) -> None:
        """Ask now: something was delivered."""
        self.is_settled = False
        self._orders.put("look")

    def run(self) -> None:
        try:
            while not self._has_stopped():
                self._turn()
        except Exception as error:
            self.is_settled = True
            self.news.put(
                Trouble(Error(f"watching the server ended: {type(error).__name__}", hint="start watch again"))
            )
        finally:
            self._silence()
            self._link.close()

    def _has_stopped(self) -> bool:
        """Waits until something is due; a stream is listened to meanwhile."""
        self._open_bell()
        pause_s = max(0.0, self._schedule.next_at() - time.monotonic())
        if self._bell is not None and pause_s:
            self._listen()
            pause_s = 0.0
        try:
            order = self._orders.get(timeout=pause_s) if pause_s else self._orders.get_nowait()
        except Empty:
            return False
        if order == "look":
            self._schedule.rang(time.monotonic())
        return order == "stop"

    def _turn(self) -> None:
        for ask in self._schedule.due(time.monotonic()):
            try:
                self._ask_sessions() if ask is None else self._ask_jobs(ask)
            except Error as error:
                if self._stumbled(ask, error):
                    break
            else:
                self._recovered()
        self.is_settled = self._schedule.is_settled

    def _stumbled(self, ask: str | None, error: Error) -> bool:
        """Whether nothing else need be asked now."""
        now = time.monotonic()
        why = getattr(error, "why", None)
        if isinstance(error, NotFound) and ask is not None:
            self._schedule.drop(ask)
            self.news.put(Gone(ask))
            return False
        if why == "rate":
            wait_s = getattr(error, "wait_s", None)
            self._schedule.rest(now, wait_s=wait_s)
            if (wait_s or 0.0) < TELL_RATE_S:
                return True
        elif why is not None or isinstance(error, AccessRefused):
            self._schedule.rest(now)
        else:
            self._schedule.put_off(ask, now)
        if (error.code, why or error.message) != self._trouble:
            self._trouble = (error.code, why or error.message)
            self.news.put(Trouble(error))
        if isinstance(error, AccessRefused):  # the next turn reads the key anew
            self._silence()
            self._link.close()
            self._link = Link(self._connection)
        return self._schedule.next_at() > now

    def _recovered(self) -> None:
        if self._trouble is not None:
            self._trouble = None
            self.news.put(Recovered())

    def _ask_sessions(self) -> None:
        page = self._link.api.sessions(limit=NEWEST, etag=self._etags.get(""))
        self._stream = page.stream
        if page.not_modified:
            self._schedule.looked(time.monotonic())
            return
        sessions = page.sessions
        if self._known and len(sessions) >= NEWEST and not any(session.id in self._known for session in sessions):
            sessions = self._link.api.sessions(limit=MORE).sessions
        own = self._active(sessions)
        self._etags[""] = page.etag
        self._own = None if own is None else own.id
        self._known.update(session.id for session in sessions)
        self._schedule.follow(sessions, time.monotonic())
        self.news.put(Page(sessions, own, time.time()))

    def _active(self, sessions: list[RemoteSession]) -> RemoteSession | None:
        """Our source's open session; one that others pushed off the page is looked for."""
        source = self._connection.source
        for session in sessions:
            if session.source == source and session.status == "active":
                return session
        is_off_the_page = len(sessions) >= NEWEST and all(session.id != self._own for session in sessions)
        return self._link.api.active_session(source) if self._own is not None and is_off_the_page else None

    def _ask_jobs(self, session_id: str) -> None:
        page = self._link.api.jobs(session_id, etag=self._etags.get(session_id))
        self._schedule.fold_pipeline(session_id, page.pipeline, time.monotonic())
        if page.pipeline is not None:
            # Of one that is over, the whole answer is wanted when it is asked for again.
            self._etags[session_id] = page.etag if session_id in self._schedule.followed else None
            self.news.put(Jobs(session_id, tuple(page.jobs), page.pipeline))

    def _open_bell(self) -> None:
        now = time.monotonic()
        if self._stream is None or self._bell is not None or now < self._bell_from or self._trouble is not None:
            return
        from contox_hooks.backend.remote.stream import listen

        self._bell_from = now + RESTREAM_S
        self._bell = listen(self._link.http, self._stream, quiet_s=LISTEN_S)
        self._schedule.stream(True, now)

    def _listen(self) -> None:
        try:
            rang = next(self._bell, None) if self._bell is not None else None
        except Error:  # the next poll says whether it is the server or the stream alone
            rang = None
        if rang is None:
            self._silence()
        elif rang:
            self._schedule.rang(time.monotonic())

    def _silence(self) -> None:
        if self._bell is not None:
            close = getattr(self._bell, "close", None)
            self._bell = None
            if close is not None:
                close()
            self._schedule.stream(False, time.monotonic())
