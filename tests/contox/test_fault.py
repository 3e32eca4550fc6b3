"""Faults do what they say: what the client sees, and whether the event was stored."""

from __future__ import annotations

import gzip
import http.client
import json
import time

import pytest

from tests.contox import fault as faults
from tests.contox.client import Client
from tests.contox.fault import Fault
from tests.contox.server import ContoxServer

PARTED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
BIG = {"pad": "x" * 3_000_000}
"""More than the kernel's buffers hold, so that closing while it is read is felt while it is sent."""


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (faults.status(500), 500, "Internal server error"),
        (faults.status(503), 503, "Service unavailable"),
        (faults.status(413), 413, "Payload too large"),
        (faults.status(400), 400, "Invalid request body"),
        (faults.status(422), 422, "Unprocessable event"),
        (faults.status(403), 403, "Forbidden"),
        (faults.status(401), 401, "Unauthorized"),
        (faults.status(401, "Invalid signature"), 401, "Invalid signature"),
        (faults.throttled(), 429, "Rate limit exceeded"),
        (faults.throttled(7), 429, "Rate limit exceeded. Please retry after 7 seconds."),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_error_is_json_and_stores_nothing(server: ContoxServer, fault: Fault, status: int, error: str) -> None:
    server.faults.script([fault])
    with Client(server) as client:
        got = client.ingest({})
        assert (got.status, got.data) == (status, {"error": error})
        assert got.headers.get("retry-after") == ("7" if "7" in error else None)
        assert server.stored == []
        assert client.ingest({}).status == 202
    assert server.faults.used == [fault.name]
    assert [(seen.status, seen.fault) for seen in server.requests] == [(status, fault.name), (202, "")]


@pytest.mark.parametrize(
    ("fault", "is_stored"),
    [
        (faults.CLOSE_BEFORE_BODY, False),
        (faults.CLOSE_IN_BODY, False),
        (faults.CLOSE_AFTER_BODY, False),
        (faults.RESET, False),
        (faults.ANSWER_LOST, True),
        (faults.ANSWER_RESET, True),
    ],
    ids=lambda value: getattr(value, "name", None),
)
@pytest.mark.parametrize("event", [{}, BIG], ids=["small", "big"])
def test_a_closed_connection(server: ContoxServer, fault: Fault, is_stored: bool, event: dict[str, str]) -> None:
    server.faults.script([fault])
    with Client(server) as client:
        with pytest.raises(PARTED):
            client.ingest(event)
        assert len(server.stored) == is_stored
        assert client.ingest(event).status == 202
    assert (len(server.stored), server.repeats) == (1, int(is_stored))
    assert server.requests[0].status is None


def test_a_reset_is_felt_as_one(server: ContoxServer) -> None:
    server.faults.script([faults.RESET])
    with Client(server) as client:
        with pytest.raises(ConnectionResetError) as felt:
            client.ingest({})
        assert felt.type is ConnectionResetError  # not its child, http.client's word for a plain end
        server.faults.script([faults.CLOSE_AFTER_BODY])
        with pytest.raises(http.client.RemoteDisconnected):
            client.ingest({})


def test_an_answer_cut_in_its_middle(server: ContoxServer) -> None:
    server.faults.script([faults.ANSWER_CUT])
    with Client(server) as client, pytest.raises(http.client.IncompleteRead):
        client.ingest({})
    assert len(server.stored) == 1


def test_a_kept_connection_ends_without_a_word_after_the_answer(server: ContoxServer) -> None:
    server.faults.script([faults.CLOSE_AFTER_ANSWER])
    with Client(server) as client:
        got = client.ingest({"a": 1})
        assert (got.status, "connection" in got.headers) == (202, False)
        with pytest.raises(PARTED):
            client.ingest({"a": 2})


@pytest.mark.parametrize("fault", faults.LASTING, ids=lambda fault: fault.name)
def test_a_lasting_fault_ends_when_the_client_goes(server: ContoxServer, fault: Fault) -> None:
    server.faults.script([fault])
    with Client(server, timeout_s=0.3) as client:
        sent = time.monotonic()
        if fault is faults.SILENCE:
            client.http.request("POST", "/api/v2/ingest", b"{}", {"Authorization": f"Bearer {server.key}"})
            with pytest.raises(TimeoutError):
                client.http.sock.recv(1)
        else:
            # A byte in time each time: no time-out between two bytes ever fires, so the test leaves by itself.
            client.http.request("POST", "/api/v2/ingest", b"{}", {"Authorization": f"Bearer {server.key}"})
            reader = client.http.sock.makefile("rb")
            while time.monotonic() < sent + 0.5:
                assert len(reader.read(1)) == 1
            reader.close()
        assert server.connections == 1
    deadline = time.monotonic() + 10
    while server.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.connections == 0
    assert server.stored == []
    assert server.crashes == []


def test_a_fault_may_strike_after_storing(server: ContoxServer) -> None:
    server.faults.script([faults.status(500).after_storing()])
    with Client(server) as client:
        assert client.ingest({}).status == 500
        assert client.ingest({}).status == 202
    assert (len(server.stored), server.repeats) == (1, 1)


@pytest.mark.parametrize(
    "fault", [faults.GARBAGE, faults.EMPTY, faults.HTML_200, faults.HTML_503], ids=lambda fault: fault.name
)
def test_a_body_that_is_not_json(server: ContoxServer, fault: Fault) -> None:
    server.faults.script([fault])
    with Client(server) as client:
        got = client.ingest({})
    with pytest.raises(ValueError):
        json.loads(got.body)
    assert server.stored == []


def test_a_wrong_content_type_and_large_bodies(server: ContoxServer) -> None:
    server.faults.script([faults.WRONG_TYPE, faults.oversized(5_000_000), faults.bomb(1_000_000)])
    with Client(server) as client:
        assert client.ingest({}).headers["content-type"] == "image/png"
        assert len(client.ingest({}).body) == 5_000_000
        packed = client.ingest({})
        assert packed.headers["content-encoding"] == "gzip"
        assert len(packed.body) < 10_000
        assert len(gzip.decompress(packed.body)) == 1_000_000


def test_the_trap_records_who_follows_a_redirect(server: ContoxServer) -> None:
    server.faults.script([faults.redirect(f"{server.trap.url}/api/v2/ingest")])
    with Client(server) as client:
        got = client.ingest({})
    assert (got.status, got.headers["location"]) == (302, f"{server.trap.url}/api/v2/ingest")
    assert server.trap.caught == []
    other = http.client.HTTPConnection(server.trap.url.split("//")[1], timeout=5)
    other.request("GET", "/", headers={"X-Told": "too much"})
    assert other.getresponse().status == 202
    other.close()
    assert b"X-Told: too much" in server.trap.caught[0]


def test_a_script_meets_matching_requests_only_and_lets_pass(server: ContoxServer) -> None:
    server.faults.script([faults.status(500), None, faults.status(503)])
    server.faults.script([faults.status(403)], where=faults.at("/api/orgs", "GET"))
    with Client(server) as client:
        assert client.ask("GET", "/api/projects").status == 200
        assert client.ask("GET", "/api/orgs").status == 403
        assert [client.ingest({}).status for _ in range(4)] == [500, 202, 503, 202]
        server.faults.hold(faults.status(401), where=faults.EVERY)
        assert [client.ask("GET", "/api/orgs").status, client.ingest({}).status] == [401, 401]
        server.faults.clear()
        assert client.ask("GET", "/api/orgs").status == 200
    assert server.faults.pending == 0


def test_a_mixture_follows_from_its_seed() -> None:
    def drawn(seed: int) -> list[str]:
        some = faults.Faults()
        some.mixture(seed, 0.5)
        return [getattr(some.take("POST", "/api/v2/ingest"), "name", "") for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 60 < sum(map(bool, drawn(1))) < 140
    assert {fault.name for fault in faults.PASSING} == {name for seed in range(20) for name in drawn(seed) if name}


def test_an_obstinate_client_gets_everything_through_a_mixture_once(server: ContoxServer) -> None:
    server.faults.mixture(7, 0.6)
    with Client(server) as client:
        for number in range(60):
            for _ in range(100):
                try:
                    got = client.ingest({"n": number})
                    if got.status == 202 and got.data["eventId"] != "evt_0":
                        break
                except (OSError, http.client.HTTPException, ValueError):
                    continue
            else:
                pytest.fail("a hundred faults in a row")
    assert [stored.event["n"] for stored in server.stored] == list(range(60))
    assert len(set(server.faults.used)) > 10
