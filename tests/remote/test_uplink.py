"""Delivery of one event: whatever happens is an answer, and what arrives is what was signed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

import pytest

from contox_hooks.backend.remote.api import Api
from contox_hooks.backend.remote.uplink import Uplink, answer_of
from contox_hooks.domain.delivery import Answer, Delivered, Park, Quarantine, Retry, Split, decide_verdict
from contox_hooks.domain.error import AccessRefused, NotFound, RemoteError
from contox_hooks.net.http import Http, Reply, Unreachable
from contox_hooks.wire.envelope import content_hash
from tests.contox import fault
from tests.contox.fault import Fault
from tests.contox.reply import Reply as ServerReply
from tests.contox.reply import Request
from tests.contox.server import ContoxServer
from tests.net.client import OpenHttp, Speaker, spoken

Speak = Callable[..., Speaker]

EVENT = '{"type":"vscode_capture","commits":[],"filesModified":["src/ü.py","\\ud83d"],"sessionDurationMs":1000,"activeEditorFiles":[]}'


class Sender:
    def __init__(
        self, server: ContoxServer, http: Http, *, secret: str | None = None, clock: Callable[[], float] = time.time
    ):
        api = Api(http, server.project_id)
        self.fetched = 0

        def fetch() -> str:
            self.fetched += 1
            return api.hmac_secret(server.project_id)

        secret = server.secret if secret is None else secret
        self.uplink = Uplink(http, project_id=server.project_id, secret=secret, fetch_secret=fetch, clock=clock)
        self.hash = content_hash(server.project_id, "cli", EVENT)

    def __call__(self, *, skip: bool = False) -> Answer:
        return self.uplink.send(EVENT, source="cli", content_hash=self.hash, skip_enrichment=skip)


@pytest.fixture
def http(contox_server: ContoxServer, open_http: OpenHttp) -> Http:
    return open_http(contox_server.url, contox_server.key, total_s=1.0)


def test_what_is_stored_is_the_event_byte_for_byte(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http)
    first, again = send(), send()
    assert first.status == 202
    assert first.event_id
    assert first.session_id
    assert (again.event_id, again.session_id) == (first.event_id, first.session_id)
    (stored,) = contox_server.stored
    assert stored.text == EVENT
    assert stored.content_hash == send.hash
    assert not stored.skip_enrichment
    assert contox_server.repeats == 1
    bodies = [json.loads(seen.body) for seen in contox_server.requests]
    assert len({body["nonce"] for body in bodies}) == 2
    assert all("skipEnrichment" not in body for body in bodies)
    assert [seen.headers["idempotency-key"] for seen in contox_server.requests] == [send.hash] * 2


def test_enrichment_is_skipped_when_asked(contox_server: ContoxServer, http: Http) -> None:
    assert Sender(contox_server, http)(skip=True).status == 202
    assert contox_server.stored[0].skip_enrichment


RETRIED = [
    one
    for one in (*fault.PASSING, *fault.LASTING, fault.oversized(), fault.bomb())
    if one is not fault.CLOSE_AFTER_ANSWER
]


@pytest.mark.parametrize("met", RETRIED, ids=lambda met: met.name)
def test_every_fault_is_an_answer_to_try_again_and_then_it_is_stored_once(
    contox_server: ContoxServer, http: Http, met: Fault
) -> None:
    send = Sender(contox_server, http)
    contox_server.faults.script([met])
    answer = send()
    assert isinstance(decide_verdict(answer), Retry), answer
    assert answer.text.isprintable()
    assert send().status == 202
    assert len(contox_server.stored) == 1


def test_an_answer_before_the_close_counts(contox_server: ContoxServer, http: Http) -> None:
    contox_server.faults.script([fault.CLOSE_AFTER_ANSWER])
    send = Sender(contox_server, http)
    assert [send().status, send().status] == [202, 202]


def test_a_server_that_is_away(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http)
    contox_server.stop()
    assert send().status is None
    contox_server.start()
    assert send().status == 202


@pytest.mark.parametrize(
    ("met", "verdict"),
    [
        (fault.status(400), Quarantine),
        (fault.status(401), Park),
        (fault.status(403), Park),
        (fault.status(404, "Project not found"), Park),
        (fault.status(413), Split),
        (fault.status(422), Quarantine),
        (fault.html(401), Retry),
        (fault.html(403), Retry),
        (fault.html(404), Retry),
        (fault.html(405), Retry),
        (fault.html(413), Split),
        (fault.html(422), Quarantine),
        (fault.html(429), Retry),
        (fault.status(407), Retry),
        (fault.redirect("https://login.example/"), Retry),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_refusals_lead_to(contox_server: ContoxServer, http: Http, met: Fault, verdict: type) -> None:
    contox_server.faults.script([met])
    answer = Sender(contox_server, http)()
    assert isinstance(decide_verdict(answer), verdict), answer


def test_a_rate_limit_carries_its_wait_and_holds_before_the_next(contox_server: ContoxServer, http: Http) -> None:
    contox_server.faults.script([fault.throttled(300)])
    send = Sender(contox_server, http)
    assert send().retry_after_s == 300.0
    held = send()
    assert held.status == 429
    assert 290 < (held.retry_after_s or 0) <= 300
    assert len(contox_server.requests) == 1


# -- the secret ---------------------------------------------------------------------------------------------------------


def test_a_rotated_secret_is_fetched_once_and_used_from_then_on(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http)
    contox_server.rotate_secret()
    assert send().status == 202
    assert send().status == 202
    assert send.fetched == 1


def test_a_secret_that_stays_wrong_is_not_tried_twice(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http)
    contox_server.faults.hold(fault.status(401, "Invalid signature"))
    answer = send()
    assert decide_verdict(answer) == Park("secret", "401 Invalid signature")
    assert send.fetched == 1
    assert sum(seen.path == "/api/v2/ingest" for seen in contox_server.requests) == 1


def test_a_new_secret_that_is_refused_too_is_the_end_of_this_try(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http, secret="old")
    contox_server.faults.hold(fault.status(401, "Invalid signature"))
    assert isinstance(decide_verdict(send()), Park)
    assert sum(seen.path == "/api/v2/ingest" for seen in contox_server.requests) == 2


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Unreachable("gone", why="closed"), Retry),
        (Unreachable("later", why="rate", wait_s=9.0), Retry),
        (RemoteError("odd"), Retry),
        (AccessRefused("no"), Park),
        (NotFound("the project is not there"), Park),
    ],
)
def test_a_secret_that_cannot_be_fetched_is_an_answer(
    speak: Speak, open_http: OpenHttp, error: Exception, verdict: type
) -> None:
    refused = spoken("401 -", b'{"error":"Invalid signature"}')

    def fail() -> str:
        raise error

    uplink = Uplink(open_http(speak(refused).url), project_id="p", secret="s", fetch_secret=fail)
    assert isinstance(decide_verdict(uplink.send("{}", source="cli", content_hash="x", skip_enrichment=False)), verdict)


def test_other_refusals_do_not_ask_for_the_secret(contox_server: ContoxServer, http: Http) -> None:
    send = Sender(contox_server, http)
    contox_server.revoke_key()
    assert decide_verdict(send()) == Park("key", "401 Unauthorized")
    assert send.fetched == 0


# -- the clock ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_s", [-86400.0, -1200.0, 1200.0, 86400.0])
def test_a_wrong_clock_is_mended_by_the_servers(contox_server: ContoxServer, http: Http, wrong_s: float) -> None:
    answer = contox_server.reply_to

    def dated(request: Request) -> ServerReply:
        reply = answer(request)
        return replace(reply, headers={**reply.headers, "Date": formatdate(time.time(), usegmt=True)})

    contox_server.reply_to = dated  # type: ignore[method-assign]
    send = Sender(contox_server, http, clock=lambda: time.time() + wrong_s)
    assert [send().status, send().status] == [202, 202]
    assert sum(seen.path == "/api/v2/ingest" for seen in contox_server.requests) == 3


def test_a_timestamp_that_stays_refused_is_not_tried_for_ever(contox_server: ContoxServer, http: Http) -> None:
    contox_server.faults.hold(fault.status(401, "Invalid timestamp"))
    assert Sender(contox_server, http)().status == 401
    assert len(contox_server.requests) == 1


# -- answers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"null", b'"x"', b"5", b'{"eventId":5}', b'{"eventId":""}', b'{"eventId":null,"sessionId":{}}'],
)
def test_success_without_an_id_is_none(body: bytes) -> None:
    answer = answer_of(Reply(202, {}, body))
    assert answer.status is None
    assert answer.text


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b'{"eventId":"e","sessionId":"s"}', ("e", "s")),
        (b'{"eventId":"e"}', ("e", "")),
        (b'{"sessionId":"s","more":[1]}', ("", "s")),
    ],
)
def test_either_id_will_do(body: bytes, ids: tuple[str, str]) -> None:
    answer = answer_of(Reply(202, {}, body))
    assert isinstance(decide_verdict(answer), Delivered)
    assert (answer.event_id, answer.session_id) == ids
