"""`changelog`: what happened lately, and when it was quiet, why and what to type."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain, learn
from tests.gitrepo import Repo


@pytest.fixture
def fresh(repo: Repo) -> Repo:
    begin(repo)
    commit(repo, "feat: add paging\n\nBecause lists grew.", lines=5)
    learn(repo)
    return repo


def test_markdown_with_commit_and_reason(fresh: Repo, call: Call) -> None:
    told = call("changelog")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0].startswith("# work: ")
    assert "### Added" in lines
    assert lines[lines.index("### Added") + 2].startswith("- Add paging")
    assert lines[lines.index("### Added") + 2].endswith(f" ({fresh.head()[:12]})")
    assert "  - Why: Because lists grew." in lines


@pytest.mark.parametrize("mode", ["developer", "product", "executive"])
def test_json(mode: str, fresh: Repo, call: Call) -> None:
    found = call("changelog", "--mode", mode, "--json").json
    assert (found["mode"], found["total"], found["hasMore"]) == (mode, 1, False)
    entry = found["entries"][0]
    assert "Add paging" in entry["changelog"]
    assert entry["filesModified"] == ["m.py"]
    assert entry["sessionCount"] == 1


def test_a_mode_that_is_not_there(fresh: Repo, call: Call) -> None:
    error = call("changelog", "--mode", "boss", "--json").error
    assert (error["code"], error["hint"]) == ("usage", "one of developer, product, executive")


def test_quiet_times_say_how_far_to_look(learnt: Repo, call: Call) -> None:
    said = call("changelog").out
    assert said.startswith("nothing happened in 30 days; the latest was ")
    days = said.rsplit(" ", 1)[1].strip()
    assert call("changelog", "--days", days).out.startswith("# work: ")


def test_what_is_not_in_memory_yet_is_said(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    drain(repo)
    assert "contox-hooks enrich --all" in call("changelog").out
