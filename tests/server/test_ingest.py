"""`POST /api/v2/ingest` over sockets: CONTRACT.md sections 0.3, 1.1 and 2."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contox_hooks.domain.access import Role, Scope
from contox_hooks.memory.session import StoredEvent
from tests.server.conftest import Running, ran
from tests.server.ingesting import CAPTURE, SAVE, Sender, iso, signed, written


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all of these; each test has a project of its own."""
    yield from ran(tmp_path_factory.mktemp("server") / "memory.db")


@pytest.fixture(scope="module")
def owner(running: Running) -> httpx.Client:
    return running.client(running.person("owner", is_owner=True))


@pytest.fixture
def sender(owner: httpx.Client, project_id: str) -> Sender:
    return Sender(owner, project_id)


def events(running: Running, project_id: str) -> list[StoredEvent]:
    with running.service() as service:
        sessions = service.sessions.page(project_id, limit=200)
        return [event for session in sessions for event in service.sessions.events(session.id)]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert list(answer.json()) == ["error"]
    return answer.status_code, answer.json()["error"]


# Signatures


def test_the_published_vectors_are_what_this_client_signs() -> None:
    """Else the tests below would show nothing."""
    text = '{"type":"vscode_capture","commits":[],"filesModified":["src/b.ts"],"sessionDurationMs":1000,"activeEditorFiles":[]}'
    lines = f"vscode\n2026-01-02T03:04:05.678Z\nproj_1\n{text}"
    secret = "hmac-test-secret"
    assert signed(secret, lines.encode()) == "5ed5063fbe0348a6dd59d43c6b890f567b2856b0e5d2a61020920fe566d51e40"
    assert (
        signed(secret, b'{"type":"mcp_save","summary":"S","changes":[]}')
        == "078d94ac8ea2535c479dad8b91ef6a759f42543b29542bde1c52fb03dc2933fd"
    )
    body = b'1705312200.{"event":"session_save","payload":{"summary":"S","changes":[]}}'
    assert signed(secret, body) == "829f0547e1a00bffe28db3059d81e289e4198da544c8d07ddd3ca34561332de1"


@pytest.mark.parametrize("variant", ["X", "V"])
def test_both_signatures_of_form_a_are_good(running: Running, sender: Sender, variant: str) -> None:
    answer = sender.send(CAPTURE, variant=variant)
    assert answer.status_code == 202
    said = answer.json()
    assert (said["status"], said["enrichmentPending"]) == ("accepted", True)
    found = events(running, sender.project_id)
    assert said["eventId"] in [event.id for event in found]
    assert {event.session_id for event in found} == {said["sessionId"]}


def test_form_b_is_signed_in_headers_and_needs_no_key(running: Running, sender: Sender) -> None:
    body = written({"event": "session_save", "payload": {key: SAVE[key] for key in ("summary", "changes")}}).encode()
    answer = running.client().post("/api/v2/ingest", content=body, headers=sender.headers(body))
    assert answer.status_code == 202, answer.text
    [event] = events(running, sender.project_id)
    assert (event.event.type, event.id) == ("mcp_save", answer.json()["eventId"])
    assert event.event.payload == {key: SAVE[key] for key in ("summary", "changes")}


def test_form_b_with_a_key_needs_a_good_one(running: Running, sender: Sender) -> None:
    body = b'{"event":"scan_result","payload":{"files":3}}'
    headers = sender.headers(body)
    assert refusal(sender.client.post("/api/v2/ingest", content=body, headers={**headers, "Authorization": "Bearer x"})) == (
        401, "Unauthorized",
    )  # fmt: skip
    stranger = running.client(running.person(uuid.uuid4().hex))
    assert refusal(stranger.post("/api/v2/ingest", content=body, headers=headers)) == (404, "Project not found")
    assert sender.client.post("/api/v2/ingest", content=body, headers=headers).status_code == 202


ODD = [
    r'{"type":"mcp_save","summary":"cut \ud83d","changes":[]}',
    r'{"changes":[],"summary":"\u00e9\/","nested":{"event":{},"signature":"x"},"type":"mcp_save"}',
    '{ "type" :\t"mcp_save",\n "summary": "é😀", "n": 1.50, "m": 1e2, "changes": [ ] }',
    '{"summary":"first","summary":"last","type":"mcp_save"}',
]


@pytest.mark.parametrize("raw", ODD)
@pytest.mark.parametrize("variant", ["X", "V"])
def test_what_is_signed_is_the_text_as_it_was_sent(sender: Sender, raw: str, variant: str) -> None:
    assert sender.send(raw=raw, variant=variant).status_code == 202
    body = sender.body(raw=raw, variant=variant)
    spread = body.replace(b'"event":', b'\r\n "\\u0065vent" \t:\n ', 1).replace(b"{", b" {\n", 1) + b"\n"
    assert sender.post(spread).status_code == 202


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "cursor"},
        {"timestamp": iso(time.time() + 60)},
        {"projectId": "other"},
        {"signature": "0" * 64},
        {"signature": "é"},
    ],
)
def test_a_changed_request_is_not_signed(running: Running, sender: Sender, changed: dict[str, str]) -> None:
    other = running.project("other")
    body = json.loads(sender.body(CAPTURE)) | changed
    if "projectId" in changed:
        body["projectId"] = other
    assert refusal(sender.post(written(body).encode())) == (401, "Invalid signature")
    body["event"] = {**body["event"], "type": "mcp_save"}
    assert refusal(sender.post(written(body).encode())) == (401, "Invalid signature")
    assert not events(running, sender.project_id)


def test_a_changed_body_of_form_b_is_not_signed(running: Running, sender: Sender) -> None:
    body = b'{"event":"scan_result","payload":{}}'
    headers = sender.headers(body)
    for bad in (
        {"content": body + b" ", "headers": headers},
        {"content": body, "headers": headers | {"X-Contox-Timestamp": str(int(time.time()) - 9)}},
        {"content": body, "headers": headers | {"X-Contox-Signature": "sha256="}},
        {"content": body, "headers": headers | {"X-Contox-Project": running.project("other")}},
    ):
        assert refusal(running.client().post("/api/v2/ingest", **bad)) == (401, "Invalid signature")  # type: ignore[arg-type]


def test_a_rotated_secret_signs_no_more(running: Running, sender: Sender) -> None:
    with running.service() as service:
        service.access.rotate_secret(sender.project_id)
    assert refusal(sender.send()) == (401, "Invalid signature")


# Clocks


@pytest.mark.parametrize("ahead_s", [-290, 290])
def test_a_clock_that_is_a_little_off_is_good(sender: Sender, ahead_s: int) -> None:
    assert sender.send(timestamp=iso(time.time() + ahead_s)).status_code == 202
    body = b'{"event":"scan_result","payload":{}}'
    headers = sender.headers(body, at=time.time() + ahead_s)
    assert sender.client.post("/api/v2/ingest", content=body, headers=headers).status_code == 202


@pytest.mark.parametrize("ahead_s", [-320, 320, -1e9, 1e11])
def test_a_signed_time_must_be_near(running: Running, sender: Sender, ahead_s: float) -> None:
    at = time.time() + ahead_s
    text = iso(at) if at < 1e11 else "9999-01-01T00:00:00.000Z"
    status, said = refusal(sender.send(timestamp=text))
    assert (status, "timestamp" in said) == (401, True)
    assert "date" in sender.send(timestamp=text).headers  # by which our client sets its clock right
    body = b'{"event":"scan_result","payload":{}}'
    status, said = refusal(sender.client.post("/api/v2/ingest", content=body, headers=sender.headers(body, at=at)))
    assert (status, "timestamp" in said) == (401, True)
    assert not events(running, sender.project_id)


def test_a_time_that_nobody_signed_decides_nothing(running: Running, sender: Sender) -> None:
    answer = sender.send(variant="V", timestamp="2001-01-01T00:00:00.000Z")
    assert answer.status_code == 202
    [event] = events(running, sender.project_id)
    assert abs(event.event.at_utc - time.time()) < 60


# Repeats


def test_a_repeat_gets_the_first_answer(running: Running, sender: Sender) -> None:
    body = sender.body(CAPTURE)
    first = sender.post(body).json()
    stored = events(running, sender.project_id)
    for again in (
        body,
        sender.body(CAPTURE),
        sender.body(CAPTURE, variant="V"),
        sender.body(CAPTURE, skipEnrichment=True),
    ):
        answer = sender.post(again)
        assert answer.status_code == 202
        assert [answer.json()[name] for name in ("eventId", "sessionId")] == [first["eventId"], first["sessionId"]]
    assert events(running, sender.project_id) == stored


def test_another_source_or_project_makes_another_event(running: Running, sender: Sender) -> None:
    other = Sender(sender.client, running.project("other"))
    answers = [sender.send(), sender.send(source="cursor"), other.send()]
    assert len({answer.json()["eventId"] for answer in answers}) == 3
    assert len({answer.json()["sessionId"] for answer in answers}) == 3


def test_a_used_nonce_serves_no_other_event(running: Running, sender: Sender) -> None:
    nonce = uuid.uuid4().hex
    first = sender.send(SAVE, nonce=nonce)
    assert first.status_code == 202
    changed = {**SAVE, "summary": "Another one"}
    assert refusal(sender.send(changed, nonce=nonce)) == (409, "Nonce was used before")
    assert refusal(sender.send(changed, nonce=nonce, variant="V")) == (409, "Nonce was used before")
    assert sender.send(SAVE, nonce=nonce, variant="V").json()["eventId"] == first.json()["eventId"]
    assert len(events(running, sender.project_id)) == 1
    assert Sender(sender.client, running.project("other")).send(changed, nonce=nonce).status_code == 202
    with running.service() as service, service.store.transaction():
        service.store.run("UPDATE delivery SET received_at = received_at - 601")
    assert sender.send(changed, nonce=nonce).status_code == 202


def test_two_at_once_are_one_event(running: Running, sender: Sender) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sender.send(CAPTURE), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["eventId"] for answer in answers}) == 1
    assert len(events(running, sender.project_id)) == 1


def test_many_at_once_lose_none(running: Running, sender: Sender) -> None:
    saves = [{**SAVE, "summary": f"Number {number}"} for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(sender.send, saves))
    assert {answer.status_code for answer in answers} == {202}
    found = events(running, sender.project_id)
    assert {event.event.payload["summary"] for event in found} == {save["summary"] for save in saves}
    assert {event.id for event in found} == {answer.json()["eventId"] for answer in answers}


# Refusals


@pytest.mark.parametrize("name", ["source", "timestamp", "nonce", "signature", "projectId"])
@pytest.mark.parametrize("value", [None, 7, "", "x" * 129])
def test_a_missing_field_is_named(sender: Sender, name: str, value: object) -> None:
    body = json.loads(sender.body())
    body[name] = value
    if value is None:
        del body[name]
    status, said = refusal(sender.post(written(body).encode()))
    assert status == 400
    assert said.startswith(f"Invalid request body: {name} ")


BAD: list[tuple[bytes, str]] = [
    (b"", "it is not JSON"),
    (b"null", "it is not JSON"),
    (b'{"event":{}', "it is not JSON"),
    (b"{}", "event is required"),
    (b'{"event":"mcp_save"}', "event must be an object"),
    (b'{"event":{},"event":{}}', "event is there twice"),
    (b'{"event":{"n":NaN}}', "it is not JSON"),
    (b'{"event":{"n":"\xff"}}', "it is not UTF-8"),
    (b'{"event":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it is nested too deep"),
]


@pytest.mark.parametrize(("body", "why"), BAD)
def test_a_body_that_is_none_is_refused(sender: Sender, body: bytes, why: str) -> None:
    assert refusal(sender.post(body)) == (400, f"Invalid request body: {why}")


@pytest.mark.parametrize("kind", [None, 7, "", "Commit", "commit", "checkout", "rewrite", "a" * 65, "a b"])
def test_a_type_that_is_none_is_refused(sender: Sender, kind: object) -> None:
    status, said = refusal(sender.send({"type": kind} if kind is not None else {}))
    assert (status, "event.type" in said) == (400, True)
    body = written({"event": kind, "payload": {}}).encode()
    status, said = refusal(sender.post(body, **sender.headers(body)))
    assert (status, "event " in said) == (400, True)


@pytest.mark.parametrize("payload", ["null", "[]", '"x"'])
def test_form_b_needs_a_payload_and_its_headers(sender: Sender, payload: str) -> None:
    body = f'{{"event":"scan_result","payload":{payload}}}'.encode()
    assert refusal(sender.post(body, **sender.headers(body))) == (
        400,
        "Invalid request body: payload must be an object",
    )
    body = b'{"event":"scan_result"}'
    assert refusal(sender.post(body, **sender.headers(body)))[1].endswith("payload is required")
    for name in ("X-Contox-Project", "X-Contox-Timestamp"):
        for value in ("", "soon" if name.endswith("stamp") else "x" * 129):
            status, said = refusal(sender.post(body, **sender.headers(body) | {name: value}))
            assert (status, name in said) == (400, True)


@pytest.mark.parametrize("source", ["a\nb", "-x", "ünter", "x" * 65, "a b"])
def test_a_source_is_a_name(sender: Sender, source: str) -> None:
    assert refusal(sender.send(source=source))[0] == 400


def test_who_may_send(running: Running, sender: Sender) -> None:
    def sent(role: Role | None, scopes: set[Scope]) -> tuple[int, Any]:
        roles = {} if role is None else {sender.project_id: role}
        client = running.client(running.person(uuid.uuid4().hex, roles, scopes=scopes))
        answer = client.post("/api/v2/ingest", content=sender.body({**SAVE, "summary": uuid.uuid4().hex}))
        return answer.status_code, answer.json().get("error")

    assert sent(Role.WRITER, {Scope.INGEST}) == (202, None)
    assert sent(Role.ADMIN, {Scope.ADMIN}) == (202, None)
    assert sent(Role.WRITER, {Scope.READ}) == (403, "Access denied")
    assert sent(Role.VIEWER, set(Scope)) == (403, "Access denied")
    assert sent(None, set(Scope)) == (404, "Project not found")
    for client in (running.client(), running.client("x")):
        assert refusal(client.post("/api/v2/ingest", content=sender.body())) == (401, "Unauthorized")
        assert refusal(client.post("/api/v2/ingest", content=b"{}")) == (401, "Unauthorized")
    assert refusal(sender.post(sender.body(projectId="nonesuch"))) == (404, "Project not found")
    body = b'{"event":"scan_result","payload":{}}'
    headers = sender.headers(body) | {"X-Contox-Project": "nonesuch"}
    assert refusal(running.client().post("/api/v2/ingest", content=body, headers=headers)) == (404, "Project not found")


def test_a_slow_client_holds_up_nobody(running: Running, sender: Sender) -> None:
    body = sender.body(SAVE)
    key = sender.client.headers["authorization"]
    host, port = running.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(50)]
    head = f"POST /api/v2/ingest HTTP/1.1\r\nHost: x.localhost\r\nAuthorization: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    for client in slow:
        client.sendall(head.encode() + body[:-9])
    assert sender.send({**SAVE, "summary": "Meanwhile"}).status_code == 202
    slow[0].sendall(body[-9:])
    assert slow[0].recv(12) == b"HTTP/1.1 202"
    for client in slow:
        client.close()
    assert len(events(running, sender.project_id)) == 2


def test_a_client_that_goes_away_harms_nobody(running: Running, sender: Sender) -> None:
    key = sender.client.headers["authorization"]
    host, port = running.url.removeprefix("http://").split(":")
    bodies = [sender.body({**SAVE, "summary": f"Gone {number}"}) for number in range(20)]

    def hang_up(body: bytes) -> None:
        with socket.create_connection((host, int(port)), timeout=10) as client:
            head = f"POST /api/v2/ingest HTTP/1.1\r\nHost: x.localhost\r\nAuthorization: {key}\r\n"
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    threads = [threading.Thread(target=hang_up, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(sender.post(body).status_code == 202 for body in bodies)
    assert len(events(running, sender.project_id)) == 20
