"""Drift through the stages: what landed here, side branches, split files; against real repositories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.event import Event, landed_event
from tests.gitrepo import EPOCH, Repo
from tests.memory.events import HOUR, open_service
from tests.pipeline.test_runner_git import ANSWER, LINES, World


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    (tmp_path / "memory").mkdir()
    return World(repo, tmp_path / "memory")


def landed(world: World, how: str, old: str, new: str) -> Event:
    at = EPOCH + world.hour * HOUR + 60
    return landed_event(how=how, ref="main", old=old, new=new, count=1, at_utc=at)


def receive(world: World, *events: Event) -> None:
    with open_service(world.folder, world.clock) as service:
        service.ingest(world.project_id, list(events))


def test_what_a_pull_brought_counts_with_the_commit_that_did_it(world: World) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    theirs = world.commit("theirs", {"app.py": ANSWER.replace("42", "43")})
    tip = world.commit("theirs too", {"app.py": ANSWER.replace("42", "43") + "# end\n"})
    receive(world, landed(world, "pull", own.sha, tip.sha))
    world.process(world.commit("elsewhere", {"other.py": "pass\n"}))
    item = world.item("add answer")
    assert (item.status, item.status_reason) == (
        "review",
        f"app.py changed in {theirs.sha[:12]}: no longer has “return 42”",
    )
    assert world.checked() == "1 item to review of 1 checked; 1 move of branches looked at"
    world.process(world.commit("back", {"app.py": ANSWER}))
    assert world.item("add answer").status == "active"
    assert world.checked() == "0 items to review of 1 checked; 1 item released"


def test_what_a_pull_left_alone_stands_also_under_another_name(world: World) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    tip = world.commit("theirs", {"app.py": None, "core.py": ANSWER})
    receive(world, landed(world, "pull", own.sha, tip.sha))
    world.process(world.commit("around it", {"core.py": ANSWER + "# end\n"}))
    assert world.item("add answer").status == "active"
    world.process(world.commit("drop it", {"core.py": "pass\n"}))
    assert "core.py changed" in str(world.item("add answer").status_reason)


@pytest.mark.parametrize("kept", [False, True])
def test_a_reset_takes_away_what_no_other_branch_has(world: World, kept: bool) -> None:
    before = world.commit("start", {"app.py": "pass\n"})
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(before, own)
    if kept:
        world.repo.git("branch", "kept")
    world.repo.git("reset", "-q", "--hard", before.sha)
    receive(world, landed(world, "reset", own.sha, before.sha))
    world.process(world.commit("elsewhere", {"other.py": "pass\n"}))
    assert world.item("add answer").status == ("active" if kept else "review")


def test_a_move_that_git_no_longer_knows_is_told_once(world: World) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    receive(world, landed(world, "pull", own.sha, "d" * 40))
    world.process(world.commit("elsewhere", {"other.py": "pass\n"}))
    assert world.checked() == "0 items to review of 0 checked; 0 moves of branches looked at, 1 not read"
    world.process(world.commit("again", {"other.py": "1\n"}))
    assert world.checked() == "0 items to review of 0 checked"


def test_on_a_side_branch_within_one_session(world: World) -> None:
    """The newest commit in time is on a branch that never had the change; that does not hide it."""
    git = world.repo.git
    world.process(world.commit("add answer", {"app.py": ANSWER + LINES}))
    git("branch", "other")
    gone = world.commit("change answer", {"app.py": ANSWER.replace("42", "43") + LINES})
    git("checkout", "-q", "other")
    world.hour -= 5
    elsewhere = world.commit("elsewhere", {"app.py": ANSWER + LINES + "# elsewhere\n"})
    world.process(gone, replace(elsewhere, committer=replace(elsewhere.committer, at_utc=gone.committer.at_utc + 1)))
    assert gone.sha[:12] in str(world.item("add answer").status_reason)


def test_a_file_that_was_split_stands_in_either_half(world: World) -> None:
    whole = ANSWER + LINES
    world.process(world.commit("add answer", {"app.py": whole}))
    world.process(world.commit("move", {"app.py": None, "core.py": whole}))
    world.process(world.commit("split", {"app.py": ANSWER, "core.py": LINES}))
    assert world.item("add answer").status == "active"
    gone = world.commit("drop it", {"app.py": "pass\n"})
    world.process(gone)
    assert gone.sha[:12] in str(world.item("add answer").status_reason)
