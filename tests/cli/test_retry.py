from __future__ import annotations

import pytest

from contox_hooks.domain.pipeline import Stage
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, fail
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_from_the_stage_that_failed(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    fail(repo, Stage.EMBED, "no model")
    before = {job["stage"]: job for job in call("jobs", "--json").json["jobs"]}
    assert before["dedup"]["status"] == "queued"
    told = call("retry")
    assert told.code == 0, told.err
    after = {job["stage"]: job for job in call("jobs", "--json").json["jobs"]}
    assert after["enrich"] == before["enrich"]  # its result was kept
    assert after["embed"]["attempts"] == 1  # asked for by hand: counted anew
    assert {job["status"] for job in after.values()} <= {"done", "skipped"}


def test_it_may_fail_again(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from contox_hooks.pipeline.stage import STAGE_FUNCTIONS

    def broken(_: object) -> None:
        raise RuntimeError("still no model")

    begin(repo)
    commit(repo)
    job = fail(repo, Stage.EMBED, "no model")
    monkeypatch.setitem(STAGE_FUNCTIONS, Stage.EMBED, broken)
    told = call("retry", job.session_id[:20], "--json")
    assert told.code == 8
    assert told.error["code"] == "stage_failed"


def test_nothing_failed(repo: Repo, call: Call) -> None:
    begin(repo)
    told = call("retry")
    assert (told.code, told.out) == (4, "")
    commit(repo)
    session_id = call("sessions", "--json").json["sessions"][0]["id"]
    assert call("retry", session_id).code == 4
