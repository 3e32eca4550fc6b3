from __future__ import annotations

import pytest

from contox_hooks.domain.pipeline import Stage
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, fail, learn
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_stages_in_order(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    learn(repo)
    lines = call("jobs").out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [stage.label for stage in Stage]
    found = call("jobs", "--json").json
    assert found["pipeline"] == {"total_steps": 5, "completed_steps": 5, "failed_steps": 0, "status": "done"}
    assert found["jobs"][0]["attempts"] == 1


def test_the_whole_error(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    job = fail(repo, Stage.EMBED, "x" * 300)
    told = call("jobs")
    assert "✗ Embedding: RuntimeError: " + "x" * 300 in told.out
    assert f"→ contox-hooks retry {job.session_id}" in told.out


def test_nobody_asked(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    assert call("jobs").out.startswith("nobody asked for the pipeline yet: contox-hooks enrich ")
    found = call("jobs", "--json").json
    assert (found["jobs"], found["pipeline"]["status"]) == ([], "done")


def test_unknown_session(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("jobs", "NOPE").code == 4
