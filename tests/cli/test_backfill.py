"""`backfill`: how far it goes, what it knew, what it says."""

from __future__ import annotations

import pytest

from contox_hooks.capture import drain
from tests.cli.conftest import Call
from tests.gitrepo import Repo


@pytest.fixture
def begun(told_repo: Repo, call: Call) -> Repo:
    assert call("init", "--no-history", "--no-hooks").code == 0
    told_repo.git("config", "contox.autoLearn", "false")  # no worker of the drain's own in between
    return told_repo


def test_everything_by_default_with_a_rate(begun: Repo, call: Call) -> None:
    told = call("backfill")
    assert told.code == 0
    assert told.out.startswith("4 commits captured, ")
    commits, sessions = told.err.splitlines()
    assert commits.startswith("4 commits in ")
    assert commits.endswith("/s)")
    assert sessions.startswith("1 session in ")


def test_again_nothing_is_new(begun: Repo, call: Call) -> None:
    call("backfill")
    assert call("backfill").out == "nothing new: 4 commits known already\n"


def test_limits(begun: Repo, call: Call) -> None:
    fields = call("backfill", "-n", "1", "--no-enrich", "--json").json
    assert fields == {
        "captured": 1,
        "known": 0,
        "missing": 0,
        "undelivered": None,
        "sessions": 0,
        "failed": [],
        "spent": None,
    }
    assert call("backfill", "HEAD~2", "--no-enrich", "--json").json["captured"] == 2
    assert call("backfill", "--since", "2100-01-01", "--json").json["captured"] == 0
    told = call("backfill", "--json").json
    assert (told["captured"], told["known"]) == (1, 3)
    assert told["sessions"] >= 1


def test_without_enrich_the_next_step_is_said(begun: Repo, call: Call) -> None:
    told = call("backfill", "--no-enrich", "-n", "1")
    assert told.out == "1 commit captured\nto make memory of it: contox-hooks enrich\n"
    assert call("memory", "--json").json["total"] == 0
    call("backfill")
    assert call("memory", "--json").json["total"] > 0


def test_stopped_in_the_middle_it_goes_on(begun: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of one commit; the second delivery is interrupted."""
    monkeypatch.setattr(drain, "_DELIVERY", 1)
    real, calls = drain.Drain._deliver, []

    def interrupted(*arguments: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(drain.Drain, "_deliver", interrupted)
    told = call("backfill")
    assert told.code == 130
    assert "the same command goes on from here" in told.err
    monkeypatch.setattr(drain.Drain, "_deliver", real)
    found = call("backfill", "--json").json
    assert found["captured"] + found["known"] == 4
    assert found["captured"] >= 1
    assert call("memory", "--json").json["total"] > 0


def test_bad_input(begun: Repo, call: Call) -> None:
    told = call("backfill", "nowhere")
    assert (told.code, told.out) == (3, "")
    assert told.err == "contox-hooks: unknown revision 'nowhere'\n  → git log --oneline shows what there is\n"
    assert call("backfill", "-n", "0").code == 2
    assert call("backfill", "-n", "many", "--json").error["code"] == "usage"


def test_before_init_and_before_the_first_commit(repo: Repo, call: Call) -> None:
    assert call("backfill", "--json").error == {
        "code": "not_initialised",
        "message": f"nothing is captured in {repo.path} yet",
        "hint": "contox-hooks init",
    }
    call("init", "--no-hooks")
    told = call("backfill")
    assert (told.code, told.err.splitlines()[0]) == (3, "contox-hooks: there are no commits yet")


@pytest.mark.parametrize("date", ["notadate", "", "now"])
def test_a_date_that_git_would_take_for_now_is_a_usage_error(told_repo: Repo, call: Call, date: str) -> None:
    told = call("init", "--since", date, "--json")
    assert (told.code, told.error["code"]) == (2, "usage")
    assert not (told_repo.path / ".git" / "contox").exists()
    call("init", "--no-history", "--no-hooks")
    told = call("backfill", "--since", date, "--json")
    assert (told.code, told.error["code"]) == (2, "usage")


@pytest.mark.parametrize("date", ["2001-02-03", "6 months ago", "yesterday"])
def test_dates_that_git_understands(begun: Repo, call: Call, date: str) -> None:
    assert call("backfill", "--since", date, "--no-enrich").code == 0
