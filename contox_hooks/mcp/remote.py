"""A server's memory behind the protocol `Memory`: a request a question, or a few, from any thread.

Connections stay open between calls, and a brain is sent again only when it changed. Must not know MCP or HTTP.
Invariant: a connection is one thread's for the time of a call; its key is read anew after the server refused it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal
from urllib.parse import urlsplit

from contox_hooks.backend.remote.reads import Brain, Reads
from contox_hooks.connection import Connection
from contox_hooks.domain.error import AccessRefused, UsageError
from contox_hooks.lending import Lending
from contox_hooks.link import Link
from contox_hooks.mcp.memory import LEAST_QUESTION, Object
from contox_hooks.memory.report.changelog import Mode

MOST_LINKS: Final = 4
"""Connections to one server: a client's few calls at a time, and little of its 200 requests a minute."""
WAIT_S: Final = 60.0
"""For another call to end; for one request where the server may ask a model."""
QUICK_S: Final = 20.0
"""For one request, where no model may be asked on the way: a server that answers at all does so in a second or two."""
EVENTS: Final = 50
"""Of a session: a page of the route."""
_MOST_BRAINS: Final = 16

_Asked = tuple[int, int | None, tuple[str, ...]]


class RemoteMemory:
    """Implements memory.Memory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._links = Lending(lambda: Link(connection), most=MOST_LINKS, wait_s=WAIT_S, spoilt_by=AccessRefused)
        self._brains: dict[_Asked, Brain] = {}
        self._lock = threading.Lock()
        self.name = connection.project_name or connection.project_id
        self.where = urlsplit(connection.url).hostname or connection.url

    @classmethod
    def of(cls, link: Link) -> RemoteMemory:
        """On the link's connection, through links of its own. Asks nothing yet."""
        return cls(link.connection)

    def close(self) -> None:
        """When no call is under way."""
        self._links.close()

    def brain(self, *, active_files: Sequence[str] = (), budget_tokens: int = 6000, limit: int | None = None) -> Object:
        asked = (budget_tokens, limit, tuple(active_files))
        with self._lock:
            kept = self._brains.get(asked)
        with self._reads() as reads:
            found = reads.brain(
                budget_tokens=budget_tokens, limit=limit, active_files=active_files, etag=kept.etag if kept else None
            )
        if found.told is None and kept is not None and kept.told is not None:
            return kept.told
        assert found.told is not None  # only who sends an etag gets none
        with self._lock:
            self._brains.pop(asked, None)
            while len(self._brains) >= _MOST_BRAINS:
                del self._brains[next(iter(self._brains))]
            self._brains[asked] = found
        return found.told

    def search(
        self, query: str, *, limit: int = 10, min_similarity: float = 0.0, active_files: Sequence[str] = ()
    ) -> Object:
        with self._reads() as reads:
            return reads.search(query, limit=limit, min_similarity=min_similarity, active_files=active_files)

    def items(
        self, *, schema_key: str | None = None, status: str = "active", limit: int = 50, offset: int = 0
    ) -> Object:
        with self._reads() as reads:
            return reads.items(schema_key=schema_key, status=status, limit=limit, offset=offset)

    def item(self, item_id: str) -> Object:
        with self._reads() as reads:
            return reads.item(item_id)

    def decide(self, item_id: str, status: Literal["approved", "deprecated", "draft"]) -> Object:
        with self._reads() as reads:
            reads.item(item_id)  # of this project
            return reads.decide(item_id, status)

    def ask(self, question: str) -> Object:
        question = question.strip()
        if len(question) < LEAST_QUESTION:
            raise UsageError(f"a question has at least {LEAST_QUESTION} characters")
        with self._reads(WAIT_S) as reads:
            return reads.ask(question)

    def analyze(self, *, mode: Literal["quick", "weekly"], schema_key_prefix: str | None = None) -> Object:
        with self._reads(WAIT_S) as reads:
            return reads.analyze(mode=mode, schema_key_prefix=schema_key_prefix)

    def apply(self, plan: Object, action_ids: Sequence[str], *, dry_run: bool) -> Object:
        with self._reads() as reads:
            return reads.apply(plan, action_ids, dry_run=dry_run)

    def auto_resolve(self, commits: Sequence[Object], *, dry_run: bool) -> Object:
        with self._reads() as reads:
            return reads.auto_resolve(commits, dry_run=dry_run)

    def check_drift(self) -> Object:
        with self._reads(WAIT_S) as reads:
            return reads.check_drift()

    def drift(self) -> Object:
        with self._reads() as reads:
            return reads.drift()

    def changelog(self, *, mode: Mode, since: int) -> Object:
        with self._reads(WAIT_S) as reads:
            return reads.changelog(mode=mode, since=since)

    def impact(self, *, days: int) -> Object:
        with self._reads(WAIT_S) as reads:
            return reads.impact(days=days)

    def onboarding(self) -> Object:
        with self._reads(WAIT_S) as reads:
            return reads.onboarding()

    def sessions(self, *, limit: int = 20, offset: int = 0, status: str | None = None) -> Object:
        with self._reads() as reads:
            return reads.sessions(limit=limit, offset=offset, status=status)

    def session(self, session_id: str) -> Object:
        with self._reads() as reads:
            found = {**reads.session(session_id), **reads.jobs(session_id)}
            events = reads.events(session_id, limit=EVENTS)
            return found if events is None else {**found, "events": events}

    def end_session(self, session_id: str) -> Object:
        with self._reads() as reads:
            reads.session(session_id)  # of this project
            reads.close_session(session_id)
        return {"ok": True, "sessionId": session_id, "status": "closed"}

    @contextmanager
    def _reads(self, within_s: float = QUICK_S) -> Iterator[Reads]:
        with self._links.lent() as link:
            link.http.total_s = within_s
            yield Reads(link.http, self._connection.project_id, self._connection.team_id)
