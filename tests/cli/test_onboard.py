"""`onboard`: nine sections from a real repository."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_the_guide_of_a_repository(learnt: Repo, call: Call) -> None:
    told = call("onboard")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0] == "# New to work"
    assert [line for line in lines if line.startswith("## ")] == [
        "## What it is", "## Stack", "## Architecture", "## Decisions", "## Conventions", "## Under work", "## Gotchas",
        "## Where to start", "## Key files",
    ]  # fmt: skip
    assert "- Breaking: clients must follow `next`" in told.out


def test_json(learnt: Repo, call: Call) -> None:
    found = call("onboard", "--json").json
    assert set(found) == {"guide", "projectName", "prose", "trouble"}
    assert len(found["guide"]["sections"]) == 9
    assert found["guide"]["itemsUsed"] > 0


@pytest.mark.parametrize("escape", ["\x1b[31m", "\x9b2J"])
def test_what_a_readme_says_cannot_move_the_cursor_nor_leak(escape: str, learnt: Repo, call: Call) -> None:
    token = "ghp_" + "a1B2" * 9
    learnt.commit(
        "docs", {"README.md": f"# Work\n\n{escape}Work is a thing that one opens with {token} and keeps for ever.\n"}
    )
    out = call("onboard").out
    assert "Work is a thing that one opens with [redacted:" in out
    assert escape not in out
    assert token not in call("onboard", "--json").out
