from __future__ import annotations

import pytest

from tests.cli.conftest import Call
from tests.cli.world import begin, commit
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_the_active_session_with_auto_learn_off(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    told = call("enrich")
    assert told.code == 0, told.err
    assert told.out == "✓ Enrichment  ✓ Deep Enrich  ✓ Embedding  ✓ Deduplication  ✓ Drift Check  (1 item)\n"
    assert call("status", "--json").json["unprocessed"] == 0


def test_nothing_to_do(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    call("enrich")
    assert call("enrich").out == "nothing to do: every commit is in memory\n"
    assert call("enrich", "--json").json == {"runs": []}


def test_all_sessions(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    call("end-session")
    commit(repo, "fix: g", 5)
    found = call("enrich", "--all", "--json").json
    assert [run["status"] for run in found["runs"]] == ["done", "done"]
    assert set(found["runs"][0]) == {"id", "session_id", "status", "line", "jobs"}
    assert call("enrich", "--all").out.startswith("nothing to do")


def test_one_session_leaves_the_others(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    first = call("sessions", "--json").json["sessions"][0]["id"]
    call("end-session")
    commit(repo, "fix: g", 5)
    assert call("enrich", first).code == 0
    assert call("status", "--json").json["unprocessed"] == 1


def test_a_stage_that_fails_is_the_error(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from contox_hooks.domain.pipeline import Stage
    from contox_hooks.pipeline.stage import STAGE_FUNCTIONS

    def broken(_: object) -> None:
        raise RuntimeError("no model")

    begin(repo)
    commit(repo)
    monkeypatch.setitem(STAGE_FUNCTIONS, Stage.EMBED, broken)
    told = call("enrich")
    assert told.code == 8
    assert "✗ Embedding" in told.out
    assert "Embedding failed: RuntimeError: no model" in told.err
    assert "contox-hooks retry" in told.err


def test_both_is_a_usage_error(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("enrich", "x", "--all").code == 2


def test_unknown_session_and_none_yet(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("enrich", "NOPE").code == 4
    assert call("enrich").code == 4
    assert call("enrich", "--all").code == 0
