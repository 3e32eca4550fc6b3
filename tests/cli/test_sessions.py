from __future__ import annotations

import pytest

from contox_hooks.domain.pipeline import Stage
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain, fail, learn, parts_of
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_newest_first_with_source_and_summary(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    learn(repo)
    told = call("sessions")
    heading, line = told.out.splitlines()
    assert heading.split() == ["id", "state", "source", "events", "items", "started", "took", "summary"]
    assert "  active  Git hooks " in line
    assert "1 commit on main: " in line


def test_none_yet(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("sessions").out == "no sessions yet: the next commit opens one\n"
    assert call("sessions", "--json").json == {"sessions": []}


def test_filters(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    call("end-session")
    commit(repo, "fix: g", 5)
    found = call("sessions", "--json").json["sessions"]
    assert [session["lifecycle"] for session in found] == ["active", "completed"]
    for flags, count in [
        (["--status", "active"], 1), (["--status", "closed"], 1), (["--status", "completed"], 1),
        (["--status", "failed"], 0), (["--source", "git-hooks"], 2), (["--source", "git-history"], 0), (["-n", "1"], 1),
    ]:  # fmt: skip
        assert len(call("sessions", "--json", *flags).json["sessions"]) == count, flags


def test_a_failed_pipeline_shows_in_the_state(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    fail(repo, Stage.DEDUP, "no")
    assert [session["lifecycle"] for session in call("sessions", "--status", "failed", "--json").json["sessions"]] == [
        "failed"
    ]


def test_unknown_status(repo: Repo, call: Call) -> None:
    begin(repo)
    told = call("sessions", "--status", "done")
    assert (told.code, told.out) == (2, "")
    assert "→ one of active, closed" in told.err


def test_json_fields(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    (session,) = call("sessions", "--json").json["sessions"]
    assert set(session) == {
        "id", "source", "source_label", "status", "lifecycle", "started_at", "last_event_at", "ended_at", "end_reason",
        "event_count", "items_extracted", "files", "summary",
    }  # fmt: skip
    assert session["files"] == ["m.py"]


def test_a_summary_that_is_json_shows_its_executive_summary_cut(repo: Repo, call: Call) -> None:
    from contox_hooks.memory.sql import session as sql

    begin(repo)
    commit(repo)
    drain(repo)
    service, project_id = parts_of(repo)
    with service, service.store.transaction():
        session_id = service.sessions.page(project_id)[0].id
        text = '{"executiveSummary": "' + "word " * 60 + '", "x": 1}'
        service.store.run(sql.SET_SUMMARY, id=session_id, summary=text, items=0)
    line = call("sessions").out.splitlines()[1]
    assert line.endswith(("word " * 60)[:117] + "...")
