"""The test server is itself on trial: signatures, access and the identity of events."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contox import proof
from tests.contox.client import Client, signed
from tests.contox.server import ContoxServer
from tests.contox.store import iso

SECRET = "hmac-" + "test-secret"  # of the contract's vectors
CAPTURE = '{"type":"vscode_capture","commits":[],"filesModified":["src/b.ts"],"sessionDurationMs":1000,"activeEditorFiles":[]}'
VECTOR_X = "5ed5063fbe0348a6dd59d43c6b890f567b2856b0e5d2a61020920fe566d51e40"
VECTOR_V = "078d94ac8ea2535c479dad8b91ef6a759f42543b29542bde1c52fb03dc2933fd"
VECTOR_H = "829f0547e1a00bffe28db3059d81e289e4198da544c8d07ddd3ca34561332de1"
NOON = 1_767_355_200.0


# -- signatures ---------------------------------------------------------------------------------------------------------


def test_the_vectors_of_the_contract() -> None:
    assert proof.extended(SECRET, "vscode", "2026-01-02T03:04:05.678Z", "proj_1", CAPTURE.encode()) == VECTOR_X
    assert proof.event_only(SECRET, b'{"type":"mcp_save","summary":"S","changes":[]}') == VECTOR_V
    body = b'{"event":"session_save","payload":{"summary":"S","changes":[]}}'
    assert proof.header_form(SECRET, 1705312200, body) == VECTOR_H


def test_the_vector_is_accepted_on_the_wire() -> None:
    with ContoxServer(clock=lambda: 1_767_323_045.678) as server, Client(server) as client:
        server.projects["proj_1"] = server.projects[server.project_id] | {"id": "proj_1"}
        server.secrets["proj_1"] = SECRET
        body = (
            f'{{"source":"vscode","timestamp":"2026-01-02T03:04:05.678Z","nonce":"n1","signature":"{VECTOR_X}",'
            f'"projectId":"proj_1","event":{CAPTURE}}}'
        ).encode()
        assert client.ask("POST", "/api/v2/ingest", body).status == 202
        assert server.stored[0].text == CAPTURE
        assert "Idempotency-Key" in server.violations[0]


@pytest.mark.parametrize(
    "event",
    ['{"a": 1}', '{"a":1e2,"b":1.0}', '{"a":"\\ud83d"}', '{"é":"日本","\\u00e9":"x"}', '{ "b":1,\n"a":[ ] }', "{}"],
)
def test_the_signature_holds_over_the_raw_slice(server: ContoxServer, event: str) -> None:
    with Client(server) as client:
        assert client.ingest(event).status == 202
    assert server.stored[0].text == event


def test_a_space_more_in_the_event_is_another_event_to_the_signature(server: ContoxServer) -> None:
    body, key = signed(server, '{"a":1}')
    with Client(server) as client:
        got = client.ask("POST", "/api/v2/ingest", body.replace(b'{"a":1}', b'{"a": 1}'), Idempotency_Key=key)
    assert (got.status, got.data) == (401, {"error": "Invalid signature"})
    assert server.stored == []


@pytest.mark.parametrize("event", ['{"type":"mcp_save"}', CAPTURE])
def test_variant_v_is_refused(server: ContoxServer, event: str) -> None:
    with Client(server) as client:
        got = client.ingest(event, signature=proof.event_only(server.secret, event.encode()))
    assert (got.status, got.data) == (401, {"error": "Invalid signature"})


@pytest.mark.parametrize("off_s", [-301, 301])
def test_a_timestamp_beyond_five_minutes_is_refused(server: ContoxServer, off_s: int) -> None:
    with Client(server) as client:
        got = client.ingest({}, timestamp=iso(time.time() + off_s))
        assert (got.status, "timestamp" in got.data["error"]) == (401, True)
        assert client.ingest({}, timestamp=iso(time.time() + off_s * 0.9)).status == 202
        assert client.ingest({}, timestamp="soon").status == 401


def test_a_nonce_serves_once_in_ten_minutes() -> None:
    now = [NOON]
    with ContoxServer(clock=lambda: now[0]) as server, Client(server) as client:
        assert client.ingest({"a": 1}, nonce="n").status == 202
        assert client.ingest({"a": 2}, nonce="n").status == 409
        assert len(server.violations) == 1
        now[0] += 601
        assert client.ingest({"a": 2}, nonce="n").status == 202


def test_a_refused_request_does_not_use_its_nonce_up(server: ContoxServer) -> None:
    with Client(server) as client:
        assert client.ingest({}, nonce="n", secret="wrong").status == 401
        assert client.ingest({}, nonce="n").status == 202


# -- access -------------------------------------------------------------------------------------------------------------


def test_a_revoked_key_is_unauthorized_on_every_route_and_works_again(server: ContoxServer) -> None:
    with Client(server) as client:
        server.revoke_key()
        for method, path in (
            ("GET", "/api/contexts/__ping__"),
            ("GET", "/api/orgs"),
            ("GET", "/api/v2/sessions/stream"),
        ):
            got = client.ask(method, path)
            assert (got.status, got.data) == (401, {"error": "Unauthorized"})
        assert client.ingest({}).data == {"error": "Unauthorized"}
        server.restore_key()
        assert client.ask("GET", "/api/contexts/__ping__").status == 404
        assert client.ingest({}).status == 202


def test_a_rotated_secret_is_refused_until_it_is_fetched_anew(server: ContoxServer) -> None:
    old = server.secret
    server.rotate_secret()
    with Client(server) as client:
        assert client.ingest({}, secret=old).status == 401
        fetched = client.ask("GET", f"/api/projects/{server.project_id}/hmac-secret").data["hmacSecret"]
        assert client.ingest({}, secret=fetched).status == 202


def test_another_project_is_not_found(server: ContoxServer) -> None:
    with Client(server) as client:
        got = client.ingest({}, projectId="proj_x")
        assert (got.status, got.data) == (404, {"error": "Project not found"})
        for path in (
            "/api/projects/x",
            "/api/v2/projects/x",
            "/api/projects/x/hmac-secret",
            "/api/v2/sessions?projectId=x",
        ):
            assert client.ask("GET", path).data == {"error": "Project not found"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event":{}}', b"\xff", b'{"event":1,"source":"cli"}'])
def test_what_is_not_form_a_is_400(server: ContoxServer, body: bytes) -> None:
    with Client(server) as client:
        got = client.ask("POST", "/api/v2/ingest", body)
    assert (got.status, got.data) == (400, {"error": "Invalid request body"})


# -- identity -----------------------------------------------------------------------------------------------------------


def test_a_repeat_gets_the_first_answer(server: ContoxServer) -> None:
    with Client(server) as client:
        first = client.ingest({"a": 1})
        again = client.ingest({"a": 1}, nonce="another")
        other = client.ingest({"a": 1}, source="vscode")
    assert first.status == again.status == 202
    assert first.data == again.data
    assert first.data.keys() == {"eventId", "sessionId", "status"}
    assert other.data["eventId"] != first.data["eventId"]
    assert (len(server.stored), server.repeats) == (2, 1)
    assert server.stored[0].content_hash == server.requests[0].headers["idempotency-key"]


def test_many_at_once_store_an_event_once(server: ContoxServer) -> None:
    def send(number: int) -> int:
        with Client(server) as client:
            return client.ingest({"n": number % 5}).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(40))) == {202}
    assert sorted(one.event["n"] for one in server.stored) == list(range(5))
    assert server.repeats == 35
    assert len({one.session_id for one in server.stored}) == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"skipEnrichment": False}, "skipEnrichment"), ({"secretPlan": 1}, "secretPlan")],
)
def test_what_a_client_should_not_do_is_noted(changes: dict[str, object], word: str) -> None:
    with ContoxServer() as server, Client(server) as client:
        assert client.ingest({}, **changes).status == 202
        assert [word in text for text in server.violations] == [True]


def test_a_changed_decision_and_a_wrong_idempotency_key_are_noted() -> None:
    with ContoxServer() as server, Client(server) as client:
        client.ingest({"a": 1}, skipEnrichment=True)
        client.ingest({"a": 1})
        assert [stored.skip_enrichment for stored in server.stored] == [True]
        assert "changed skipEnrichment" in server.violations.pop()
        body, _ = signed(server, {"a": 2})
        assert client.ask("POST", "/api/v2/ingest", body, Idempotency_Key="0" * 64).status == 202
        assert "Idempotency-Key" in server.violations.pop()
        assert server.violations == []
