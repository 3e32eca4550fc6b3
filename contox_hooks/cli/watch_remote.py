"""`watch` in a connected repository: commits are looked for here, sessions and pipelines are the server's.

A paused connection is not asked. The thread that asks is watch_poll.py's; what is news, follow_remote.py's.
"""

from __future__ import annotations

import time
from queue import Empty
from typing import TYPE_CHECKING

from contox_hooks.cli.end_session_note import ended_ids
from contox_hooks.cli.follow import Notice
from contox_hooks.cli.follow_remote import Gone, Jobs, Page, RemoteFollower, jobs_line
from contox_hooks.cli.render import ago, clean, plural
from contox_hooks.cli.watch_look import LOOK_S, Look
from contox_hooks.cli.watch_poll import News, Poller, Recovered, Trouble
from contox_hooks.domain.error import Error
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.domain.segment import FAILED, QUIET, RUNNING, Segment
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.segment import keep_segment, refresh_segment

if TYPE_CHECKING:
    from pathlib import Path

    from contox_hooks.cli.context import Here
    from contox_hooks.cli.watch_screen import Screen
    from contox_hooks.connection import Connection

RESUME = "Disconnected: contox-hooks resume"


class RemoteWatch:
    def __init__(self, look: Look, screen: Screen, connection: Connection, state_root: Path) -> None:
        self._look = look
        self._screen = screen
        self._connection = connection
        self._state_root = state_root
        self._follower = RemoteFollower(connection.source, connection.url)
        self._greeted = False
        self._is_troubled = False
        self._expects = False
        """Events are on their way to the server."""
        self._saved_at_here: int | None = -1
        self._first: News | None = None
        """News that ended a pause."""
        self._poller = Poller(connection)
        self._poller.start()
        self.is_idle = False

    def wake(self) -> None:
        with self._look.here() as here:
            self._look.drain_if_due(here)
            can_go = self._look_at_outbox(here)
            is_settled = self._poller.is_settled  # before the news: what it meant is among them
            for news in self._news():
                self._fold(here, news)
            is_idle_here = _is_idle_here(self._look, self._screen, here)
            self.is_idle = is_idle_here and (self._is_troubled or (is_settled and not can_go))
            if self._greeted:
                keep_segment(self._state_root, _segment(self._follower))
        self._screen.show_live(self._live_line())

    def pause(self, at_most_s: float) -> None:
        """Until the server has something to tell, or the next look is due."""
        try:
            self._first = self._poller.news.get(timeout=min(at_most_s, LOOK_S))
        except Empty:
            pass

    def leave(self) -> None:
        self._poller.stop()
        segment = _segment(self._follower)
        if self._greeted and segment.state == RUNNING:
            segment.state = QUIET  # nobody looks at that pipeline any more
            keep_segment(self._state_root, segment)

    def _look_at_outbox(self, here: Here) -> bool:
        """Whether something is on its way to the server. Once it is there, the server is asked what it became."""
        from contox_hooks.capture.outbox import Outbox
        from contox_hooks.capture.store import CaptureStore

        try:
            with CaptureStore.open(here.parts.state.database) as store:
                waiting = Outbox(store, self._connection).waiting()
            saved_at = here.parts.service.sessions.last_event_at(here.parts.project.id, source=SOURCE_HOOKS)
        except Error as error:
            self._screen.trouble("memory", error)
            return False
        if waiting.events or saved_at != self._saved_at_here:
            self._expects = True
            self._saved_at_here = saved_at
        if self._expects and not waiting.events:
            self._expects = False
            self._poller.look()
        return bool(waiting.events) and not waiting.circuit.failures

    def _news(self) -> list[News]:
        found = [] if self._first is None else [self._first]
        self._first = None
        while True:
            try:
                found.append(self._poller.news.get_nowait())
            except Empty:
                return found

    def _fold(self, here: Here, news: News) -> None:
        if isinstance(news, Trouble):
            self._is_troubled = True
            self._screen.trouble("server", news.error)
        elif isinstance(news, Recovered):
            self._is_troubled = False
            self._screen.fine("server")
        elif isinstance(news, Page):
            notices = self._follower.fold_page(news, ended=ended_ids(self._state_root))
            self._greet()
            self._tell(here, notices)
        elif isinstance(news, Jobs):
            self._tell(here, self._follower.fold_jobs(news))
        elif isinstance(news, Gone):
            self._follower.fold_gone(news)

    def _tell(self, here: Here, notices: list[Notice]) -> None:
        for notice in notices:
            if notice.kind == "closed_externally":
                self._close_here(here, notice.data["session_id"])
            self._screen.put(notice.text, {"kind": notice.kind, **notice.data})
            if notice.kind != "stage" and notice.data.get("status") not in ("pending", "running"):
                self._screen.notify(notice.text, notice.data["url"])

    def _close_here(self, here: Here, remote_id: str) -> None:
        """The session here whose events went into that one ends with it, after what was pending went into it: the next
        commit opens one. Another that is active by now has nothing to do with it: the sender may have been quicker."""
        from contox_hooks.capture.outbox import Outbox
        from contox_hooks.capture.store import CaptureStore

        self._look.drain(here)
        try:
            with CaptureStore.open(here.parts.state.database) as store:
                counterpart = Outbox(store, self._connection).counterpart(remote_id)
            sessions = here.parts.service.sessions
            active = sessions.active(here.parts.project.id, SOURCE_HOOKS)
            if active is not None and active.id == counterpart:
                sessions.close(active.id, reason="external")
        except Error as error:
            self._screen.trouble("memory", error)

    def _greet(self) -> None:
        if self._greeted:
            return
        self._greeted = True
        own, saved_at = self._follower.own, self._follower.saved_at
        events = 0 if own is None else own.events
        name = self._connection.project_name or self._connection.project_id
        saved = f", saved {ago(saved_at)}" if saved_at else ""
        told = f"{clean(name)} on {clean(self._connection.url)}"
        self._screen.put(
            f"Watching {told}: {plural(events, 'event')} in the session{saved}. Ctrl-C ends.",
            {
                "kind": "watching",
                "project": name,
                "server": self._connection.url,
                "session_id": None if own is None else own.id,
                "events": events,
                "last_save_at": None if saved_at is None else int(saved_at),
            },
        )

    def _live_line(self) -> str:
        running = [run for run in self._follower.runs.values() if run.pipeline.status != "failed"]
        if running:
            more = f"  (and {len(running) - 1} more)" if len(running) > 1 else ""
            return f"{jobs_line(running[-1])}{more}"
        saved_at = self._follower.saved_at
        return f"saved {ago(saved_at)}" if saved_at else "nothing saved yet"


class PausedWatch:
    """Commits go on being captured here; nobody asks the server, and nothing is sent."""

    def __init__(self, look: Look, screen: Screen, connection: Connection) -> None:
        self._look = look
        self._screen = screen
        self.is_idle = False
        screen.put(RESUME, {"kind": "disconnected", "server": connection.url, "hint": "contox-hooks resume"})

    def wake(self) -> None:
        with self._look.here() as here:
            self._look.drain_if_due(here)
            self.is_idle = _is_idle_here(self._look, self._screen, here)
            refresh_segment(here.parts)

    def pause(self, at_most_s: float) -> None:
        time.sleep(min(at_most_s, LOOK_S))

    def leave(self) -> None:
        pass


def _is_idle_here(look: Look, screen: Screen, here: Here) -> bool:
    try:
        is_idle = not look.has_due_runs(here) and not look.is_busy
        screen.fine("memory")
    except Error as error:
        screen.trouble("memory", error)
        return True
    return is_idle


def _segment(follower: RemoteFollower) -> Segment:
    """For the prompt: the server's own view."""
    own, segment = follower.own, Segment(saved_at=int(follower.saved_at or 0))
    if own is not None and own.started_at is not None:
        segment.started_at, segment.until = int(own.started_at), int(own.started_at) + WINDOW_S
        segment.events = own.events
    for run in follower.runs.values():  # the newest last; a failure stays until that pipeline runs again
        if run.pipeline.status == "failed":
            segment.state = FAILED
        else:
            segment.run(run.pipeline.completed, run.pipeline.total, int(time.time()))
    return segment
