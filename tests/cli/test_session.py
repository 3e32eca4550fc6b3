from __future__ import annotations

import pytest

from tests.cli.conftest import Call
from tests.cli.world import begin, commit, learn
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


@pytest.fixture
def session_id(repo: Repo, call: Call) -> str:
    begin(repo)
    commit(repo)
    found: str = call("sessions", "--json").json["sessions"][0]["id"]
    return found


@pytest.mark.parametrize("words", [["show"], []])
def test_show_by_the_beginning_of_its_id(repo: Repo, call: Call, session_id: str, words: list[str]) -> None:
    learn(repo)
    told = call("session", *words, session_id[:12].lower())
    assert told.code == 0, told.err
    assert told.out.startswith(f"{session_id}  active  (Git hooks)\n")
    assert "✓ Enrichment" in told.out
    assert "  memory   1 item" in told.out
    assert told.out == call("session").out  # the active one when none is named


def test_json_fields(repo: Repo, call: Call, session_id: str) -> None:
    learn(repo)
    found = call("session", "show", session_id, "--json").json
    assert found["id"] == session_id
    assert [job["stage"] for job in found["jobs"]] == ["enrich", "deep_enrich", "embed", "dedup", "drift_check"]
    assert set(found["items"][0]) == {"id", "type", "title", "status"}


@pytest.mark.parametrize("verb", ["end", "close"])
def test_end_is_from_elsewhere_and_may_be_repeated(call: Call, session_id: str, verb: str) -> None:
    assert (
        call("session", verb, session_id).out == f"Session {session_id} closed. The next commit starts a new session.\n"
    )
    assert call("session", verb, session_id).out == f"Session {session_id} is already closed.\n"
    assert call("session", verb, session_id, "--json").json == {"session_id": session_id, "already_closed": True}
    assert call("session", session_id, "--json").json["end_reason"] == "external"


def test_the_next_commit_opens_another(repo: Repo, call: Call, session_id: str) -> None:
    call("session", "end", session_id)
    commit(repo, "fix: later", 7)
    found = call("sessions", "--json").json["sessions"]
    assert [(session["status"], session["event_count"]) for session in found] == [("active", 1), ("closed", 1)]


def test_unknown_id(call: Call, session_id: str) -> None:
    told = call("session", "show", "7ZZZ")
    assert (told.code, told.out) == (4, "")
    assert told.err == "contox-hooks: there is no session '7ZZZ'\n  → contox-hooks sessions\n"
    assert call("session", "show", "7ZZZ", "--json").error["code"] == "not_found"


def test_no_session_yet(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("session").code == 4


@pytest.mark.parametrize("words", [["show", "a", "b"], ["end"]])
def test_wrong_words(call: Call, session_id: str, words: list[str]) -> None:
    told = call("session", *words)
    assert (told.code, told.out) == (2, "")
