"""What every request passes (server/rim/): bounds on bodies and time, names, headers, the last net."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from contox_hooks.memory.pool import Pool
from contox_hooks.memory.store import Store
from contox_hooks.net.host import host_of
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.rim import body
from contox_hooks.server.rim.door import Door
from contox_hooks.server.rim.header import POLICY
from contox_hooks.server.site import Options, Site
from tests.server.conftest import serve
from tests.server.rim.conftest import Running

BODY_BYTES = 4096


@pytest.fixture
def options() -> Options:
    return Options(
        requests_a_minute=0,
        body_bytes=BODY_BYTES,
        read_s=0.3,
        hosts=("Contox.Example.",),
        origins=("https://app.example",),
    )


def raw(running: Running, sent: bytes, *, then: bytes = b"") -> bytes:
    """The whole answer to bytes on a socket; the connection must end by itself."""
    parts = urlsplit(running.url)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as line:
        line.sendall(sent)
        if then:
            line.sendall(then)
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer


def post(length: bytes, *more: bytes) -> bytes:
    lines = (b"POST /api/v2/ask HTTP/1.1", b"Host: localhost", b"Content-Type: application/json", length, *more)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def test_a_body_that_is_too_long_is_refused_however_it_is_sent(running: Running, owner: httpx.Client) -> None:
    text = json.dumps({"x": "y" * BODY_BYTES})
    told = {"error": f"The request is longer than {BODY_BYTES} bytes"}
    answer = owner.post("/api/v2/ask", content=text)
    assert (answer.status_code, answer.json()) == (413, told)
    answer = owner.post("/api/v2/ask", content=(part.encode() for part in text))  # chunked
    assert (answer.status_code, answer.json()) == (413, told)
    answer = owner.post("/api/v2/ask", content=b"y" * 50 * BODY_BYTES)
    assert (answer.status_code, answer.json()) == (413, told)
    assert raw(running, post(b"Content-Length: 5000", b"Expect: 100-continue")).startswith(b"HTTP/1.1 413 ")


def test_without_a_key_a_body_is_short(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "OPEN_BYTES", 1000)
    answer = running.client().post("/api/contexts", content=b"y" * 1001)
    assert (answer.status_code, answer.json()) == (413, {"error": "The request is longer than 1000 bytes"})
    assert running.client().post("/api/contexts", content=b"y" * 1000).status_code != 413
    assert running.client("some key").post("/api/contexts", content=b"y" * 1001).status_code != 413


def test_all_bodies_together_are_bounded_by_address_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "HELD_BYTES", 100)
    monkeypatch.setattr(body, "HELD_OF_ONE", 60)
    held = body.Held()
    with held.share("a") as one, held.share("a") as same, held.share("b") as other, held.share("c") as third:
        one(40)
        other(30)
        for refused, count in ((same, 21), (third, 31)):
            with pytest.raises(Refusal) as told:
                refused(count)
            assert told.value.status == 503
        same(20)
        third(10)
    with held.share("a") as again:
        again(60)


def test_stalled_long_bodies_hold_up_only_long_ones(
    running: Running, owner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "OPEN_BYTES", 1000)
    monkeypatch.setattr(body, "HELD_OF_ONE", 3000)
    reached, may_go = threading.Event(), threading.Event()

    def slow() -> Response:
        reached.set()
        assert may_go.wait(10)
        return Response()

    running.add("POST", "/api/slow", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(owner.post, "/api/slow", content=b"y" * 2500)
        assert reached.wait(10)
        assert owner.post("/api/nonesuch", content=b"y" * 2500).status_code == 503
        assert owner.post("/api/nonesuch", content=b"y" * 900).status_code == 404
        may_go.set()
        assert first.result().status_code == 200
    assert owner.post("/api/nonesuch", content=b"y" * 2500).status_code == 404


def test_a_body_as_long_as_may_be_gets_through(owner: httpx.Client) -> None:
    text = json.dumps({"x": "y" * (BODY_BYTES - 9)})
    assert len(text) == BODY_BYTES
    assert owner.post("/nonesuch", content=text).status_code == 404


@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_not_waited_for(running: Running, head: bytes) -> None:
    answer = raw(running, post(head), then=b'{"' if head.startswith(b"C") else b'2\r\n{"\r\n')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error":"The request took too long to arrive"}')


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /" + b"x" * 100_000, b"GET / HTTP/1.1\r\nHost: a\r\nx y: 1\r\n\r\n"],
)
def test_what_is_no_http_is_told_so_in_json(running: Running, sent: bytes) -> None:
    head, _, body = raw(running, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert isinstance(json.loads(body)["error"], str)


def test_a_client_that_leaves_while_sending_does_no_harm(running: Running, owner: httpx.Client) -> None:
    parts = urlsplit(running.url)
    with socket.create_connection((str(parts.hostname), parts.port or 0)) as line:
        line.sendall(post(b"Content-Length: 100") + b"x")
    assert owner.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[" * 2000 + b"]" * 2000, 400), (b'{"projectId": "\xff\xfe"}', 400), (b"{", 400), (b"", 400), (b"null", 400)],
)
def test_bodies_that_are_no_request(owner: httpx.Client, body: bytes, status: int) -> None:
    answer = owner.post("/api/v2/ask", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8787", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("192.168.7.7:8787", 200), ("a.localhost", 200),
        ("contox.example", 200), ("CONTOX.EXAMPLE.:443", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("", 421), ("localhost.evil", 421), ("[", 421), ("x@evil", 421), ("localhost:80@evil", 421),
        ("127.0.0.1:evil", 421), ("evil@localhost", 421), ("localhost/", 421),
    ],
)  # fmt: skip
def test_only_its_own_names_are_answered_for(running: Running, host: str, status: int) -> None:
    answer = running.client().get("/health", headers={"Host": host})
    assert answer.status_code == status
    assert ("error" in answer.json()) == (status != 200)


@given(st.text(max_size=40))
def test_any_host_header_is_decided(text: str) -> None:
    Door(lambda *_: None, hosts=(), base_url="http://127.0.0.1").answers_for(host_of(text))  # type: ignore[arg-type, return-value]


def test_every_answer_says_how_browsers_must_treat_it(running: Running, owner: httpx.Client) -> None:
    refused = running.client().get("/health", headers={"Host": "evil.example"})
    for answer in (owner.get("/health"), owner.get("/nonesuch"), owner.get("/login"), refused):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers
    assert "unsafe" not in POLICY


def test_only_the_named_origin_may_call_from_a_browser(running: Running) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    ours = running.client().options("/api/projects", headers={"Origin": "https://app.example", **asked})
    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in ours.headers
    theirs = running.client().options("/api/projects", headers={"Origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in theirs.headers


def test_what_nobody_foresaw_is_logged_and_says_nothing(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError("of our insides")

    running.add("GET", "/api/broken", fail)
    answer = running.client().get("/api/broken")
    assert (answer.status_code, answer.json()) == (500, {"error": "Internal server error"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ZeroDivisionError" in caplog.text


def test_what_is_still_open_when_the_server_stops_ends_as_if_it_were_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"tick"
            await asyncio.sleep(0.01)

    async def stuck() -> None:
        await asyncio.sleep(60)

    site = Site(Pool(lambda: Store.open(tmp_path / "memory.db")), NoEngine())
    app = create_app(site)
    app.add_api_route("/endless", lambda: StreamingResponse(endless()))
    app.add_api_route("/stuck", stuck)
    serving = serve(site, app)
    url = next(serving)
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(httpx.get, f"{url}/endless", trust_env=False, timeout=30)
        refused = pool.submit(httpx.get, f"{url}/stuck", trust_env=False, timeout=30)
        time.sleep(0.3)
        serving.close()
        assert whole.result().content.startswith(b"ticktick")
        assert (refused.result().status_code, refused.result().json()) == (503, {"error": "The server is stopping"})
    assert "Exception" not in caplog.text


def test_a_line_a_request_and_no_secret_in_it(
    running: Running, owner: httpx.Client, project_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "contox_hooks.server")
    owner.get(f"/api/projects/{project_id}/hmac-secret?token=hidden")
    owner.get("/login?token=hidden")
    owner.get("/%0Aforged%20line")
    owner.get("/health")
    lines = [record.getMessage() for record in caplog.records if record.name == "contox_hooks.server.request"]
    assert len(lines) == 3
    key = owner.headers["authorization"].removeprefix("Bearer ")
    assert f"key={key[:14]}" in lines[0]
    assert lines[0].startswith(f"GET /api/projects/{project_id}/hmac-secret 200 ")
    assert lines[2].startswith("GET /%0Aforged%20line 404 ")
    assert "hidden" not in caplog.text
    assert key not in caplog.text
