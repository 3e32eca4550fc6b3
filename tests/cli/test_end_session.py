from __future__ import annotations

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.cli import end_session
from contox_hooks.lock import FileLock
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_what_is_pending_goes_in_first(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)  # nobody has looked yet: it must end up in the session that is closed
    told = call("end-session", "--json")
    assert told.code == 0, told.err
    assert (told.json["events"], told.json["already_closed"]) == (1, False)
    old, new = told.json["closed_id"], told.json["new_id"]
    found = {session["id"]: session for session in call("sessions", "--json").json["sessions"]}
    assert (found[old]["status"], found[old]["end_reason"]) == ("closed", "ended")
    assert (found[new]["status"], found[new]["event_count"]) == ("active", 0)


def test_it_says_so(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    assert call("end-session").out == "Session closed — new session started.\n"
    assert call("end-session").out == "The session is new already: nothing happened in it yet.\n"
    assert call("end-session", "--json").json["already_closed"] is True
    assert len(call("sessions", "--json").json["sessions"]) == 2


def test_the_next_commit_is_in_the_new_session(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    new = call("end-session", "--json").json["new_id"]
    commit(repo, "fix: g", 5)
    assert call("events", new, "--json").json["total"] == 1


def test_the_prompt_knows_at_once(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    call("status")
    assert call("prompt").out == "capturing 0m · 1 event\n"
    call("end-session")
    assert call("prompt").out == "saved just now\n"


def test_no_new(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    assert call("end-session", "--no-new").out == "Session closed. The next commit starts a new session.\n"
    assert call("end-session", "--no-new").out == "Session already closed.\n"
    assert call("end-session", "--no-new", "--json").json["already_closed"] is True
    assert call("status", "--json").json["session"] is None


def test_nothing_active(repo: Repo, call: Call) -> None:
    begin(repo)
    told = call("end-session")
    assert (told.code, told.out) == (4, "")
    assert told.err == "contox-hooks: no session is active: nothing to end\n  → the next commit opens one\n"
    assert call("end-session", "--no-new", "--json").error["code"] == "not_found"


def test_while_another_drain_is_at_work_the_session_stays_open(
    repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_session, "_WAIT_S", 0.1)
    begin(repo)
    commit(repo)
    drain(repo)
    commit(repo, "fix: g", 5)
    with FileLock(Assembly(repo.repository).state.lock) as lock:
        assert lock.take()
        told = call("end-session", "--json")
    assert (told.code, told.error["code"]) == (10, "busy")
    assert call("end-session", "--json").json["events"] == 2


def test_beside_json_nothing_is_warned_of(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    drain(repo)
    lock = Assembly(repo.repository).state.lock
    lock.unlink()
    lock.mkdir()
    assert "the look for new commits failed" in call("sessions").err
    assert call("sessions", "--json").err == ""
    told = call("end-session", "--json")
    assert (told.code, told.err) == (0, "")
    assert "not everything is flushed" in call("end-session").err
