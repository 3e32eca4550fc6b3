"""A change asked for twice happens once: the second request with an `Idempotency-Key` gets the first one's answer.

Ingest has an identity of its own (the event's hash) and passes by. Invariants: an answer goes only to the key that
asked for it, and while it may see what it says; an answer that holds a secret (`Cache-Control: no-store`) is not kept;
what failed in us may be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contox_hooks.domain.access import Right
from contox_hooks.memory.access import Key
from contox_hooks.memory.answer import Answers, Kept
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.server.desk import Desk, visit_of
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.rim.record import INGEST

HEADER: Final = "idempotency-key"
MOST: Final = 255
CHANGES: Final = ("POST", "PATCH", "PUT", "DELETE")


class Repeat:
    def __init__(self, app: ASGIApp, *, pool: Pool) -> None:
        self.app = app
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _name(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        message: Message | None = await receive()
        asked = _hash(scope, (message or {}).get("body", b""))
        key_id, kept = await run_in_threadpool(self._begin, scope, name, asked)
        if kept is not None:
            answer = Response(kept.body, kept.status, {"Idempotent-Replayed": "true"}, media_type="application/json")
            await answer(scope, receive, send)
            return

        async def replay() -> Message:
            nonlocal message
            given, message = message, None
            return given if given is not None else await receive()

        if key_id is None:
            await self.app(scope, replay, send)
            return
        rights = scope.setdefault("state", {}).setdefault("rights", [])  # as Desk adds to it
        answering = _Answering(send, rights, lambda kept: run_in_threadpool(self._end, key_id, name, kept))
        try:
            await self.app(scope, replay, answering)
        finally:
            await answering.end()  # one that was never answered may be repeated

    def _begin(self, scope: Scope, name: str, asked: str) -> tuple[str | None, Kept | None]:
        """Whose it is, None for nobody's: the route says so. Raises Refused."""
        with self._pool.service() as service:
            try:
                key = Desk(Request(scope)).key(service)
            except Refusal:
                return None, None
            kept = Answers(service.store).begin(key.id, name, asked)
            if kept is not None and not _may_see(service, key, kept):
                return None, None
            return key.id, kept

    def _end(self, key_id: str, name: str, kept: Kept | None) -> None:
        with self._pool.service() as service:
            Answers(service.store).end(key_id, name, kept)


class _Answering:
    """Remembers an answer, and sends it on: its last part when it is kept, so that whoever has it can count on it."""

    def __init__(
        self, send: Send, rights: list[tuple[str, str]], keep: Callable[[Kept | None], Awaitable[None]]
    ) -> None:
        """`rights`: those that the route asks for, as soon as it has answered."""
        self._send = send
        self._rights = rights
        self._keep = keep
        self._is_over = False
        self._status = 0
        self._is_secret = False
        self._is_json = False
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            self._status = message["status"]
            self._is_json = headers.get("content-type", "") == "application/json"
            self._is_secret = "no-store" in headers.get("cache-control", "")
        elif self._is_json and self._status < 500:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = None if self._is_secret else b"".join(self._parts).decode()
                await self.end(Kept(self._status, body, tuple(dict.fromkeys(self._rights))))
        elif not message.get("more_body", False):
            await self.end()
        await self._send(message)

    async def end(self, kept: Kept | None = None) -> None:
        """Once; what comes after the first call counts for nothing."""
        if not self._is_over:
            self._is_over = True
            await self._keep(kept)


def _may_see(service: Service, key: Key, kept: Kept) -> bool:
    """By now: a member may have left, a project may be private again."""
    visits = ((visit_of(service, key, project_id), right) for project_id, right in kept.rights)
    return all(visit is not None and visit.allows(Right(right)) for visit, right in visits)


def _name(scope: Scope) -> str | None:
    """The request's Idempotency-Key where it counts. Raises Refusal."""
    if scope["type"] != "http" or scope["method"] not in CHANGES or not scope["path"].startswith("/api/"):
        return None
    name = Headers(scope=scope).get(HEADER)
    if name is None or scope["path"] == INGEST:
        return None
    if not 1 <= len(name) <= MOST or not name.isprintable() or not name.isascii():
        raise Refusal(400, f"Idempotency-Key: 1 to {MOST} printable characters")
    return name


def _hash(scope: Scope, body: bytes) -> str:
    told = (scope["method"].encode(), scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"], body)
    digest = hashlib.sha256()
    for part in told:
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()
