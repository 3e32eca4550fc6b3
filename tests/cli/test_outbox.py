"""`outbox`: what waits, what the server refuses, what would go out; by hand, as a person would."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.contox import fault
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.delivery.conftest import Connected
from tests.gitrepo import Repo


@pytest.fixture
def connected(repo: Repo, contox_server: ContoxServer) -> Connected:  # noqa: F811
    return Connected(repo, contox_server)


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery is each test's own doing."""
    monkeypatch.setattr("contox_hooks.assembly.start_detached", lambda *_: None)


def refused(connected: Connected) -> int:
    connected.server.faults.script([fault.status(422, "Unprocessable \x1b[31mevent")])
    connected.commit("bad one")
    connected.flush()
    connected.commit("good one")
    connected.flush()
    return 1


def test_a_repository_that_is_not_connected(repo: Repo, call: Call) -> None:
    repo.commit("start")
    call("init")
    told = call("outbox", "list")
    assert (told.code, "contox-hooks connect" in told.err) == (5, True)


def test_what_the_server_refuses_is_listed_retried_exported_and_dropped(
    connected: Connected, call: Call, tmp_path: Path
) -> None:
    number = refused(connected)
    listed = call("outbox", "list")
    assert "quarantined" in listed.out
    assert "422 Unprocessable" in listed.out
    assert "\x1b" not in listed.out
    found = call("outbox", "list", "--json").json
    assert [(row["id"], row["state"], row["events"]) for row in found["captures"]] == [(number, "quarantined", 1)]
    status = call("status")
    assert "the server refuses 1 capture: kept here" in status.out
    assert "→ contox-hooks outbox list" in status.out

    kept = tmp_path / "kept.jsonl"
    assert call("outbox", "export", str(number), "-o", str(kept)).code == 0
    assert json.loads(kept.read_text())["event"]["commits"][0]["message"] == "bad one"

    assert call("outbox", "drop", str(number), "--json").json == {"dropped": 1}
    assert "refuses" not in call("status").out
    assert call("outbox", "retry", str(number), "--json").json == {"retried": 1}
    assert connected.flush() == (0, 0, "")
    assert [commit["message"] for stored in connected.server.stored for commit in stored.event["commits"]] == [
        "good one",
        "bad one",
    ]
    again = call("outbox", "drop", str(number))
    assert (again.code, "already delivered" in again.err) == (2, True)


@pytest.mark.parametrize("verb", ["retry", "export"])
def test_nothing_named_is_an_error_that_says_what_to_type(connected: Connected, call: Call, verb: str) -> None:
    told = call("outbox", verb)
    assert (told.code, "outbox list" in told.err) == (2, True)
    unknown = call("outbox", verb, "77")
    assert (unknown.code, "77" in unknown.err) == (4, True)


def test_the_exact_bytes_that_would_be_sent(connected: Connected, call: Call) -> None:
    connected.commit("feat: größer")
    body = call("outbox", "show", "--wire").out.rstrip("\n")
    text = call("outbox", "show").out.rstrip("\n")
    assert connected.server.requests == []
    assert f'"event":{text}' in body
    connected.flush()
    sent = next(seen for seen in connected.server.requests if seen.path == "/api/v2/ingest").body.decode()
    assert without_moment(sent) == without_moment(body)
    assert call("outbox", "show").err == "nothing waits\n"


def without_moment(body: str) -> str:
    return re.sub(r'"(timestamp|nonce|signature)":"[^"]+"', r'"\1":""', body)


def test_status_and_list_tell_how_much_waits_and_why(connected: Connected, call: Call) -> None:
    connected.server.revoke_key()
    connected.commit()
    connected.flush(timeout_s=1)
    told = call("status")
    assert told.code == 0
    assert "! the server refuses the key (401 Unauthorized)" in told.out
    assert "→ contox-hooks connect" in told.out
    assert call("status", "--json").json["remote"]["waiting"] == 1
    assert "1 event waiting for Work." in call("outbox", "list").out


def test_status_of_a_healthy_connection_is_one_more_line(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    assert "  server    Work on 127.0.0.1:" in call("status").out
    assert ", all delivered" in call("status").out


def test_a_damaged_connection_is_told_and_capture_goes_on(connected: Connected, call: Call) -> None:
    (connected.state / "connection.json").write_text("{")
    connected.repo.commit("work", {"a.txt": "1\n"}, now=True)
    told = call("status")
    assert told.code == 0
    assert "connection.json cannot be read" in told.out
    assert "1 event" in told.out


def test_doctor_asks_the_server_too(connected: Connected, call: Call) -> None:
    assert [row for row in call("doctor", "--json").json["findings"] if row["check"] == "server"] == []
    refused(connected)
    connected.server.revoke_key()
    found = [row["text"] for row in call("doctor", "--json").json["findings"] if row["check"] == "server"]
    assert len(found) == 2
    assert "refuses 1 capture: kept here" in found[1]
    connected.server.stop()
    told = call("doctor")
    assert told.code == 1
    assert "127.0.0.1" in told.out
    connected.server.start()
