"""Asks the server, in a thread of its own: a slow or dead server holds up neither the look for commits nor Ctrl-C.

When is watch_schedule.py's to say, what is news follow_remote.py's; this thread alone touches the connection. A stream
that the server announces is a doorbell: lists stay the truth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

from contox_hooks.cli.follow_remote import Gone, Jobs, Page
from contox_hooks.cli.watch_schedule import REST_S, Ask, Schedule
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
HEAD_S = 5.0
"""A stream that does not begin by then hangs, and nothing else is asked meanwhile."""
RESTREAM_S, RESTREAM_CAP_S = 30.0, 600.0
"""Before a stream that ended, or would not begin, is tried again."""


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
        self._page: Sequence[RemoteSession] = ()
        self._own: RemoteSession | None = None
        self._troubles: dict[Ask, tuple[str, str]] = {}
        """What fails: each is told once, and once that nothing fails any more."""
        self._stream: str | None = None
        self._bell: Iterator[bool] | None = None
        self._bell_from = float("-inf")
        self._mute = 0
        """Streams in a row that did not begin."""

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
                self._clear(ask)
        for ask in self._troubles.keys() - self._schedule.followed - {None}:
            self._clear(ask)  # it is not asked any more
        self.is_settled = self._schedule.is_settled

    def _stumbled(self, ask: Ask, error: Error) -> bool:
        """Whether nothing else need be asked now. What fails for one pipeline says nothing of the server: the next
        look at the sessions does."""
        now = time.monotonic()
        why = getattr(error, "why", None)
        if ask is not None and isinstance(error, NotFound | AccessRefused):
            self.news.put(Gone(ask))
            self._etags.pop(ask, None)
            self._schedule.drop(ask) if isinstance(error, NotFound) else self._schedule.put_off(ask, now)
            return False
        if why == "rate":
            wait_s = getattr(error, "wait_s", None)
            if self._schedule.rest(now, wait_s=REST_S if wait_s is None else wait_s):
                self._tell(ask, error)
            return True
        if ask is None and (why is not None or isinstance(error, AccessRefused)):
            self._schedule.rest(now)
        else:
            self._schedule.put_off(ask, now)
        self._tell(ask, error)
        if isinstance(error, AccessRefused):  # the next turn reads the key anew
            self._silence()
            self._link.close()
            self._link = Link(self._connection)
        return why is not None or ask is None

    def _tell(self, ask: Ask, error: Error) -> None:
        what = (error.code, getattr(error, "why", None) or (error.message if ask is None else ""))
        is_told = what in self._troubles.values()
        self._troubles[ask] = what
        if not is_told:
            self.news.put(Trouble(error))

    def _clear(self, ask: Ask) -> None:
        if self._troubles.pop(ask, None) is not None and not self._troubles:
            self.news.put(Recovered())

    def _ask_sessions(self) -> None:
        answer = self._link.api.sessions(limit=NEWEST, etag=self._etags.get(""))
        self._stream = answer.stream
        sessions = self._page if answer.not_modified else answer.sessions
        is_full = len(sessions) >= NEWEST
        if is_full and self._page and not {one.id for one in sessions} & {one.id for one in self._page}:
            sessions = self._link.api.sessions(limit=MORE).sessions
        own = _active(sessions, self._connection.source)
        if own is None and is_full and (self._own is not None or not answer.not_modified):
            own = self._link.api.active_session(self._connection.source)  # others may have pushed it off the page
        is_news = not answer.not_modified or own != self._own
        self._etags[""] = answer.etag
        self._page, self._own = sessions[:NEWEST], own
        self._schedule.follow(sessions if own is None else [*sessions, own], time.monotonic())
        if is_news:
            self.news.put(Page(sessions, own, time.time()))

    def _ask_jobs(self, session_id: str) -> None:
        page = self._link.api.jobs(session_id, etag=self._etags.get(session_id))
        self._schedule.fold_pipeline(session_id, page.pipeline, time.monotonic())
        if page.pipeline is not None:
            self._etags[session_id] = page.etag
            self.news.put(Jobs(session_id, tuple(page.jobs), page.pipeline))

    def _open_bell(self) -> None:
        if self._stream is None or self._bell is not None or self._bell_from > time.monotonic() or self._troubles:
            return
        from contox_hooks.backend.remote.stream import listen

        self._bell = listen(self._link.http, self._stream, quiet_s=LISTEN_S)

    def _listen(self) -> None:
        """The first time, the stream's head is waited for."""
        http, is_head = self._link.http, not self._schedule.is_streaming
        total_s = http.total_s
        http.total_s = min(HEAD_S, total_s) if is_head else total_s
        try:
            rang = next(self._bell, None) if self._bell is not None else None
        except Error:  # the next poll says whether it is the server or the stream alone
            rang = None
        finally:
            http.total_s = total_s
        if rang is None:
            self._silence()
            return
        if is_head:
            self._mute = 0
            self._schedule.stream(True, time.monotonic())
        if rang:
            self._schedule.rang(time.monotonic())

    def _silence(self) -> None:
        if self._bell is None:
            return
        close = getattr(self._bell, "close", None)
        self._bell = None
        if close is not None:
            close()
        now = time.monotonic()
        self._bell_from = now + min(RESTREAM_CAP_S, RESTREAM_S * 2.0 ** min(self._mute, 10))
        self._mute += 1
        if self._schedule.is_streaming:
            self._schedule.stream(False, now)


def _active(sessions: Sequence[RemoteSession], source: str) -> RemoteSession | None:
    return next((one for one in sessions if one.source == source and one.status == "active"), None)
