# ruff: noqa: F811
"""`end-session` against the tests' server: what each step leaves behind, and what a repeat does then."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from contox_hooks import send
from contox_hooks.assembly import Assembly
from contox_hooks.backend.remote.api import Api
from contox_hooks.cli import end_session_remote
from contox_hooks.cli.end_session_note import ended_ids, keep_ended
from contox_hooks.connection import keep_connection, read_connection
from contox_hooks.lock import FileLock
from tests.cli.conftest import Call
from tests.cli.world import start
from tests.contox.fault import SILENCE, at, status, throttled
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.delivery.conftest import Connected
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


@pytest.fixture
def connected(repo: Repo, contox_server: ContoxServer) -> Connected:
    return Connected(repo, contox_server)


def there(connected: Connected) -> list[tuple[str, int]]:
    """The server's sessions, oldest first."""
    return [(session.status, session.events) for session in reversed(connected.server.sessions)]


def here(call: Call) -> list[tuple[str, int]]:
    found = call("sessions", "--json").json["sessions"]
    return [(session["status"], session["event_count"]) for session in reversed(found)]


def test_what_waits_goes_in_first_then_both_are_closed_and_opened(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.repo.commit("feat: nobody looked yet", {"g.py": "x = 1\ny = 2\n"}, now=True)
    told = call("end-session", "--json")
    assert (told.code, told.err) == (0, "")
    old, new = reversed(connected.server.sessions)
    assert told.json["remote"] == {
        "closed_id": old.id, "new_id": new.id, "events": old.events, "already_closed": False, "quarantined": 0,
    }  # fmt: skip
    assert (told.json["events"], told.json["already_closed"]) == (2, False)
    assert [state for state, _ in there(connected)] == ["closed", "active"]
    assert sum(len(stored.event["commits"]) for stored in connected.server.stored) == 2
    assert ended_ids(connected.state) == {old.id}


def test_repeated_it_is_new_already_on_both_sides(connected: Connected, call: Call) -> None:
    connected.commit()
    assert call("end-session").out == "Session closed — new session started.\n"
    told = call("end-session", "--json")
    assert told.json["already_closed"] is told.json["remote"]["already_closed"] is True
    assert call("end-session").out == "The session is new already: nothing happened in it yet.\n"
    assert [state for state, _ in there(connected)] == ["closed", "active"]


def test_the_next_commit_is_in_the_new_session_on_both_sides(connected: Connected, call: Call) -> None:
    connected.commit()
    new = call("end-session", "--json").json["remote"]["new_id"]
    connected.commit("fix: later", g="1\n2\n3\n")
    assert connected.flush().waiting == 0
    assert connected.server.stored[-1].session_id == new
    assert here(call) == [("closed", 1), ("active", 1)]


def test_no_new(connected: Connected, call: Call) -> None:
    connected.commit()
    assert call("end-session", "--no-new").out == "Session closed. The next commit starts a new session.\n"
    assert there(connected) == [("closed", 1)]
    told = call("end-session", "--no-new", "--json")
    assert (told.json["already_closed"], told.json["remote"]["closed_id"]) == (True, None)
    assert call("end-session", "--no-new").out == "Session already closed.\n"
    assert there(connected) == [("closed", 1)]


def test_nothing_active_anywhere_makes_nothing(connected: Connected, call: Call) -> None:
    told = call("end-session", "--json")
    assert (told.code, told.error["code"]) == (4, "not_found")
    assert there(connected) == []


def test_our_session_is_found_behind_those_of_others(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    ours = connected.server.sessions[0].id
    for number in range(60):
        connected.server.open_session(f"other-{number}")
    told = call("end-session", "--json")
    assert told.json["remote"]["closed_id"] == ours
    assert sum(session.status == "active" for session in connected.server.sessions) == 61


def test_only_here(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    asked = len(connected.server.requests)
    assert call("end-session", "--local", "--json").json["remote"] is None
    assert there(connected) == [("active", 1)]
    assert not [seen for seen in connected.server.requests[asked:] if seen.method != "POST"]


def test_paused_leaves_the_server_alone(connected: Connected, call: Call) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    connected.commit()
    connected.connect(paused=True)
    told = call("end-session")
    assert (told.code, told.out) == (0, "Session closed — new session started.\n")
    assert "contox-hooks resume" in told.err
    assert connected.server.requests == []
    keep_connection(connected.state, connection)


# What fails, what holds then, and what a repeat does

SESSIONS = "/api/v2/sessions"


def finish(connected: Connected, call: Call) -> dict[str, Any]:
    """The repeat: it does what is left, and then nothing is."""
    connected.server.faults.clear()
    told = call("end-session", "--json")
    assert told.code == 0, told.err
    assert [state for state, _ in there(connected)] == ["closed", "active"]
    assert [state for state, _ in here(call)] == ["closed", "active"]
    assert call("end-session", "--json").json["already_closed"] is True
    found: dict[str, Any] = told.json
    return found


def test_what_cannot_be_sent_keeps_the_session_open(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.commit("fix: waits", g="1\n2\n3\n")
    connected.server.faults.hold(status(503))
    told = call("end-session", "--timeout", "0.5")
    assert (told.code, told.out) == (11, "")
    assert "closed here; the server's session stays open: 1 event did not get there: 503" in told.err
    assert told.err.endswith("\n  → contox-hooks end-session does the rest\n")
    assert there(connected) == [("active", 1)]
    remote = finish(connected, call)["remote"]
    assert (remote["events"], remote["already_closed"]) == (2, False)


def test_the_server_cannot_be_asked(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.hold(status(500), where=at(SESSIONS, "GET"))
    told = call("end-session", "--json")
    assert (told.code, told.error["code"]) == (11, "remote")
    assert "closed here; the server's session stays as it is" in told.error["message"]
    finish(connected, call)


def test_the_close_is_refused(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    session_id = connected.server.sessions[0].id
    connected.server.faults.hold(status(500), where=at(f"{SESSIONS}/{session_id}", "PATCH"))
    told = call("end-session", "--json")
    assert told.code == 11
    assert f"the server did not confirm that session {session_id} is closed" in told.error["message"]
    finish(connected, call)


def test_the_answer_to_the_close_is_lost(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    session_id = connected.server.sessions[0].id
    connected.server.faults.script([status(502).after_storing()], where=at(f"{SESSIONS}/{session_id}", "PATCH"))
    assert call("end-session", "--json").code == 11
    finish(connected, call)


def test_the_new_one_cannot_be_opened(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.hold(status(500), where=at(SESSIONS, "POST"))
    told = call("end-session", "--json")
    assert told.code == 11
    assert "closed on the server, but no new session opened there" in told.error["message"]
    assert told.error["hint"] == "the next commit opens one"
    assert there(connected) == [("closed", 1)]
    finish(connected, call)


def test_the_answer_to_the_opening_is_lost(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.script([status(502).after_storing()], where=at(SESSIONS, "POST"))
    assert call("end-session", "--json").code == 11
    finish(connected, call)


def test_the_key_is_refused(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.revoke_key()
    told = call("end-session", "--json")
    assert (told.code, told.error["code"]) == (12, "access_refused")
    assert "closed here" in told.error["message"]
    assert connected.server.key not in told.err
    connected.server.restore_key()
    finish(connected, call)


def test_the_server_is_gone(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.stop()
    told = call("end-session", "--json")
    assert (told.code, told.error["code"]) == (11, "remote")
    connected.server.start()
    finish(connected, call)


def test_closed_by_someone_else_meanwhile(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    session_id = connected.server.sessions[0].id
    connected.server.faults.hold(status(404, "Session not found"), where=at(f"{SESSIONS}/{session_id}", "PATCH"))
    assert call("end-session", "--json").json["remote"]["closed_id"] == session_id


def test_progress_is_told_on_stderr_and_not_beside_json(connected: Connected, call: Call) -> None:
    connected.commit()
    assert call("end-session").err == "Sending: 1 event left\n"
    connected.commit("fix: g", g="1\n2\n3\n")
    assert call("end-session", "--json").err == ""


def test_the_note_holds_the_newest(connected: Connected) -> None:
    for number in range(60):
        keep_ended(connected.state, f"S{number}")
    keep_ended(connected.state, "S30")
    assert len(ended_ids(connected.state)) == 50
    assert {"S30", "S59"} <= ended_ids(connected.state)
    (connected.state / "ended.json").write_text(json.dumps({"odd": 1}))
    assert ended_ids(connected.state) == frozenset()


def test_an_error_without_a_hint_gets_one() -> None:
    with pytest.raises(end_session_remote.RemoteError) as caught, end_session_remote._saying("it holds"):
        raise end_session_remote.RemoteError("why")
    assert (caught.value.message, caught.value.hint) == ("it holds: why", "contox-hooks end-session does the rest")


# While it is at it


def test_a_commit_meanwhile_goes_into_the_new_session_on_both_sides(
    connected: Connected, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.commit()
    flush, active_session = end_session_remote.flush, Api.active_session

    def flush_later(*arguments: Any, **options: Any) -> Any:
        connected.commit("feat: while it is sent", g="1\n2\n3\n")
        return flush(*arguments, **options)

    def active_later(api: Api, source: str) -> Any:
        connected.commit("feat: after it was sent", h="1\n2\n3\n")
        send.run(Assembly(connected.repo.repository))  # what that commit's drain would start
        return active_session(api, source)

    monkeypatch.setattr(end_session_remote, "flush", flush_later)
    monkeypatch.setattr(Api, "active_session", active_later)
    monkeypatch.setattr(Assembly, "start_sender", lambda parts: started.append(parts))
    started: list[Assembly] = []
    remote = call("end-session", "--json").json["remote"]
    assert (remote["events"], len(started)) == (1, 1)
    assert there(connected) == [("closed", 1), ("active", 0)]
    connected.flush()
    assert {stored.session_id for stored in connected.server.stored[1:]} == {remote["new_id"]}
    assert len(connected.sent()) == 3
    assert here(call) == [("closed", 1), ("active", 2)]


def test_what_waits_in_earlier_sessions_goes_in_first(connected: Connected, call: Call) -> None:
    connected.commit()
    call("end-session", "--local")
    connected.commit("fix: g", g="1\n2\n3\n")
    assert call("end-session", "--json", "--no-new").json["remote"]["closed_id"]
    assert len(connected.sent()) == 2
    assert {state for state, _ in there(connected)} == {"closed"}


def test_a_hanging_server_is_given_up_in_time(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.hold(SILENCE, where=at(SESSIONS, "GET"))
    started = time.monotonic()
    told = call("end-session", "--json", "--timeout", "0.5")
    assert (told.code, time.monotonic() - started < 30) == (11, True)
    assert "the server's session stays as it is" in told.error["message"]
    finish(connected, call)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_waits_for_its_turn(connected: Connected, call: Call, method: str) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.script([throttled(1)], where=at(SESSIONS, method))
    told = call("end-session", "--json")
    assert told.code == 0, told.err
    assert there(connected) == [("closed", 1), ("active", 0)]


def test_a_turn_that_comes_too_late_is_not_waited_for(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.faults.script([throttled(3600)], where=at(SESSIONS, "GET"))
    told = call("end-session", "--json")
    assert told.code == 11
    assert "the server's session stays as it is" in told.error["message"]


def test_while_someone_else_is_at_it_nothing_is_closed(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    with FileLock(connected.state / "send.lock") as lock:
        assert lock.take()
        told = call("end-session", "--json", "--timeout", "0.2")
    assert told.code == 11
    assert "another process is at it" in told.error["message"]
    assert there(connected) == [("active", 1)]
    finish(connected, call)


def test_two_at_once_open_one(connected: Connected, call: Call) -> None:
    connected.commit()
    connected.flush()
    connected.server.delay_s = 0.3
    both = [start(connected.repo, "end-session", "--json") for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    connected.server.delay_s = 0.0
    assert [state for state, _ in there(connected)] == ["closed", "active"]
    assert [state for state, _ in here(call)] == ["closed", "active"]
