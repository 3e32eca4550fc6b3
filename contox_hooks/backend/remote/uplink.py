"""Delivery of one event: signed anew at each try (variant X), sent as form A of ingest, the outcome as a value.

Must not know outboxes or what an outcome leads to (domain/delivery.py decides). Invariant: whatever the network or the
server does is an Answer; the event's text goes out byte for byte as it came.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from contox_hooks.domain.delivery import Answer
from contox_hooks.domain.error import AccessRefused, NotFound, RemoteError
from contox_hooks.net.http import Http, Reply, Unreachable
from contox_hooks.net.pace import asked_wait_s, server_time
from contox_hooks.wire.body import signed_body

_NOT_THE_API = frozenset((401, 403, 404, 405))
"""Refusals that gateways and login pages of networks give too: without the API's own error they say nothing of it."""

_CLOCKS_DIFFER_S = 30.0
"""The Date header has whole seconds; tolerances are minutes (CONTRACT.md section 0, decision 3)."""


class _Tried(NamedTuple):
    answer: Answer
    server_at: float | None = None


class Uplink:
    def __init__(
        self,
        http: Http,
        *,
        project_id: str,
        secret: str,
        fetch_secret: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`fetch_secret`: the project's secret from the server; may raise what Api raises."""
        self._http = http
        self._project_id = project_id
        self._secret = secret
        self._fetch_secret = fetch_secret
        self._clock = clock
        self._behind_s = 0.0
        """How far our clock is behind the server's, once it refused a timestamp: the server's clock signs."""

    def send(self, event_text: str, *, source: str, content_hash: str, skip_enrichment: bool) -> Answer:
        """At most two requests for the event: a second one when a refused signature or timestamp could be mended."""
        tried = self._try(event_text, source, content_hash, skip_enrichment)
        try:
            if self._mend(tried):
                tried = self._try(event_text, source, content_hash, skip_enrichment)
        except AccessRefused as error:
            return Answer(401, error.message)
        except NotFound as error:
            return Answer(404, f"Project not found: {error.message}")
        except RemoteError as error:
            return _unanswered(error)
        return tried.answer

    def _try(self, event_text: str, source: str, content_hash: str, skip_enrichment: bool) -> _Tried:
        body = signed_body(
            self._secret, source=source, project_id=self._project_id, event_text=event_text,
            at=self._clock() + self._behind_s, nonce=str(uuid.uuid4()), skip_enrichment=skip_enrichment,
        )  # fmt: skip
        may_be_stale = self._http.keeps_connection
        try:
            reply = self._http.request("POST", "/api/v2/ingest", body=body, headers={"idempotency-key": content_hash})
        except RemoteError as error:
            if may_be_stale and isinstance(error, Unreachable) and error.why == "closed":
                # The server had ended the connection that was kept (RFC 9112, 9.3.1): signed anew, on another one.
                return self._try(event_text, source, content_hash, skip_enrichment)
            return _Tried(_unanswered(error))
        return _Tried(answer_of(reply), server_time(reply.headers))

    def _mend(self, tried: _Tried) -> bool:
        """Whether what the server refused is now different."""
        said = tried.answer.text.lower()
        if tried.answer.status not in (400, 401, 403) or not ("signature" in said or "timestamp" in said):
            return False
        is_mended = False
        behind_s = 0.0 if tried.server_at is None else tried.server_at - self._clock()
        if abs(behind_s - self._behind_s) > _CLOCKS_DIFFER_S:
            self._behind_s, is_mended = behind_s, True
        if "signature" in said:
            secret = self._fetch_secret()
            if secret != self._secret:
                self._secret, is_mended = secret, True
        return is_mended


def answer_of(reply: Reply) -> Answer:
    """What a reply means for delivery. No status: it is not an answer of the API, whatever its number says."""
    wait_s = asked_wait_s(reply.headers, reply.status)
    text = reply.error_text()
    if 200 <= reply.status < 300:
        try:
            data = reply.json()
        except RemoteError as error:
            return Answer(None, error.message)
        values = data if isinstance(data, dict) else {}
        event_id, session_id = (_text(values.get(name)) for name in ("eventId", "sessionId"))
        if not event_id and not session_id:
            return Answer(None, f"the server answered {reply.status} without an event id")
        return Answer(reply.status, event_id=event_id, session_id=session_id)
    if reply.status == 407 or (reply.status in _NOT_THE_API and not text):
        return Answer(None, f"{reply.status} from something that is not the API: a gateway or a login page")
    return Answer(reply.status, text, retry_after_s=wait_s)


def _unanswered(error: RemoteError) -> Answer:
    if isinstance(error, Unreachable) and error.why == "rate":
        return Answer(429, error.message, retry_after_s=error.wait_s)
    return Answer(None, error.message)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
