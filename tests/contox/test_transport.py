"""Connections, encodings, limits, TLS and the event stream; the server's life."""

from __future__ import annotations

import gzip
import json
import socket
import time

import pytest

from tests.contox.client import Client, signed
from tests.contox.rate import RateLimit
from tests.contox.server import ContoxServer


def test_a_connection_serves_many_requests(server: ContoxServer) -> None:
    with Client(server) as client:
        client.ask("GET", "/api/orgs")
        first = client.http.sock
        client.ask("GET", "/api/nothing")
        assert client.http.sock is first is not None


def test_gzip_bodies_only_once_announced(server: ContoxServer) -> None:
    body, key = signed(server, {"a": 1})
    packed = gzip.compress(body)
    with Client(server) as client:
        assert "accept-encoding" not in client.ask("GET", "/api/orgs").headers
        sent = {"Content_Encoding": "gzip", "Idempotency_Key": key}
        assert client.ask("POST", "/api/v2/ingest", packed, **sent).status == 415
        server.accepts_gzip = True
        assert client.ask("GET", "/api/orgs").headers["accept-encoding"] == "gzip"
        assert client.ask("POST", "/api/v2/ingest", packed, **sent).status == 202
        assert client.ask("POST", "/api/v2/ingest", packed[:-9], **sent).status == 400


def test_a_bound_on_bodies(server: ContoxServer) -> None:
    server.max_body_bytes = 1000
    with Client(server) as client:
        assert client.ingest({"a": "x" * 1000}).data == {"error": "Payload too large"}
        assert client.ingest({"a": "x"}).status == 202


def test_a_rate_limit_tells_and_refuses(server: ContoxServer) -> None:
    server.rate = RateLimit(2)
    with Client(server) as client:
        assert [client.ask("GET", "/api/orgs").headers["x-ratelimit-remaining"] for _ in range(2)] == ["1", "0"]
        refused = client.ask("GET", "/api/orgs")
    assert refused.status == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert f"retry after {refused.headers['retry-after']} seconds" in refused.data["error"]
    assert server.rate.refused == 1


@pytest.mark.parametrize(
    ("wire", "status"),
    [(b"BREW /pot HTTP/1.1\r\n\r\n", 501), (b"POST /api/v2/ingest HTTP/1.1\r\nContent-Length: few\r\n\r\n", 400)],
)
def test_a_head_that_is_no_http_gets_json_too(server: ContoxServer, wire: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":")[-1])), timeout=5) as raw:
        raw.sendall(wire)
        with raw.makefile("rb") as reader:
            head, _, body = reader.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status)
    assert "error" in json.loads(body)


def test_a_ring_reaches_every_listener(server: ContoxServer) -> None:
    server.announces_stream = True
    with Client(server) as first, Client(server) as second:
        path = first.ask("GET", f"/api/v2/sessions?projectId={server.project_id}").headers["x-contox-stream"]
        answers = []
        for client in (first, second):
            client.http.request("GET", path, headers={"Authorization": f"Bearer {server.key}"})
            answers.append(client.http.getresponse())
        assert server.bell.listeners == 2
        server.ring()
        for answer in answers:
            assert answer.getheader("content-type") == "text/event-stream"
            assert [answer.readline() for _ in range(3)] == [b"event: session\n", b"data: {}\n", b"\n"]
        server.stop()
        assert [answer.read() for answer in answers] == [b"", b""]
        assert server.bell.listeners == 0


def test_tls_is_trusted_only_with_its_authority() -> None:
    with ContoxServer(tls=True) as server, ContoxServer(tls=True) as stranger:
        with Client(server) as client:
            assert client.ingest({}).status == 202
        server.ca_pem, theirs = stranger.ca_pem, server.ca_pem
        with Client(server) as client, pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            client.ask("GET", "/api/orgs")
        server.ca_pem = theirs
        server.fail_handshakes()
        with Client(server) as client, pytest.raises(OSError, match=r"(?i)handshake"):
            client.ask("GET", "/api/orgs")
        assert server.crashes == []


# -- life ---------------------------------------------------------------------------------------------------------------


def test_what_is_stored_outlives_an_outage_on_the_same_port(server: ContoxServer) -> None:
    with Client(server) as client:
        url = server.url
        first = client.ingest({"a": 1}).data
        server.stop()
        for _ in range(2):
            with pytest.raises(OSError):
                client.ask("GET", "/api/orgs")
        server.start()
        assert server.url == url
        assert client.ingest({"a": 1}).data == first


@pytest.mark.parametrize("tls", [False, True])
def test_close_returns_within_a_second_whatever_clients_do(tls: bool) -> None:
    server = ContoxServer(tls=tls)
    server.start()
    port = int(server.url.rsplit(":")[-1])
    server.delay_s = 60
    sends = (
        b"",
        b"POST /api/v2/ingest HTTP/1.1\r\nContent-Le",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
        b"GET / HTTP/1.1\r\n\r\n",
    )
    hanging = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in sends]
    for connection, data in zip(hanging, sends, strict=True):
        connection.sendall(data)
    before = time.monotonic()
    server.close()
    took_s = time.monotonic() - before
    for connection in hanging:
        connection.close()
    assert took_s < 1
    assert server.crashes == []
