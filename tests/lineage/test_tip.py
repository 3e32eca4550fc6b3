"""Branches that a forge squashed or rebased and deleted: what was done stands on main, under other commits."""

from __future__ import annotations

import pytest

from tests.gitrepo import Repo
from tests.lineage.conftest import World
from tests.lineage.test_rewrite import three

TITLES = ("add one", "add two", "add three")


@pytest.fixture
def mate(world: World) -> Repo:
    """A clone whose main is our upstream."""
    mate = Repo(world.repo.path.parent / "mate", init=False)
    world.repo.git("clone", "-q", str(world.repo.path), str(mate.path))
    mate.git("config", "user.email", "mate@example.org")
    world.repo.git("remote", "add", "origin", str(mate.path))
    world.repo.git("checkout", "-q", "-b", "topic")
    three(world)
    world.learn()
    mate.git("fetch", "-q", "origin", "topic")
    return mate


def land(world: World) -> None:
    world.repo.git("checkout", "-q", "main")
    world.repo.git("pull", "-q", "-p", "--ff-only", "origin", "main")
    world.repo.git("branch", "-q", "-D", "topic")
    world.commit("go on", other="other = 1\n")
    world.learn()


@pytest.mark.parametrize("how", ["squash", "rebase"])
def test_merged_elsewhere(world: World, mate: Repo, how: str) -> None:
    mate.commit("theirs", {"theirs.py": "theirs = 1\n"})
    if how == "squash":
        mate.git("merge", "-q", "--squash", "FETCH_HEAD")
        mate.git("commit", "-q", "-m", "All (#3)", env=mate.times())
    else:
        mate.git("cherry-pick", "FETCH_HEAD~3..FETCH_HEAD", env=mate.times())
    land(world)
    items = world.items()
    assert {title: (items[title].status, items[title].status_reason) for title in TITLES} == {
        title: ("active", None) for title in TITLES
    }


def test_merged_elsewhere_in_part(world: World, mate: Repo) -> None:
    """What the forge's commit left out is nowhere."""
    mate.git("checkout", "-q", "FETCH_HEAD", "--", "one.py", "three.py")
    mate.commit("All but two (#3)")
    land(world)
    assert {title: world.items()[title].status for title in TITLES} == {
        "add one": "active", "add two": "review", "add three": "active",
    }  # fmt: skip


def test_the_branch_is_deleted_before_the_pull(world: World, mate: Repo) -> None:
    mate.git("merge", "-q", "--squash", "FETCH_HEAD")
    mate.git("commit", "-q", "-m", "All (#3)", env=mate.times())
    world.repo.git("checkout", "-q", "main")
    world.repo.git("branch", "-q", "-D", "topic")
    world.commit("meanwhile", other="other = 1\n")
    world.learn()
    assert world.items()["add one"].status == "review"
    world.repo.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main", env=world.repo.times())
    world.commit("go on", other="other = 2\n")
    world.learn()
    assert {world.items()[title].status for title in TITLES} == {"active"}


def test_what_was_applied_upstream_is_skipped_by_a_rebase(world: World, mate: Repo) -> None:
    mate.commit("theirs", {"theirs.py": "theirs = 1\n"})
    mate.git("cherry-pick", "FETCH_HEAD", env=mate.times())
    world.repo.git("fetch", "-q", "origin")
    world.repo.git("rebase", "-q", "origin/main")
    world.commit("go on", other="other = 1\n")
    world.learn()
    assert {title: world.items()[title].status for title in TITLES} == dict.fromkeys(TITLES, "active")


def test_a_commit_that_only_took_away(world: World) -> None:
    """It adds no line that could stand: the tip does not have what it removed."""
    world.commit("add one", one="def one():\n    return 1\n\n\ndef old():\n    return 0\n")
    world.learn()
    for keep in (False, True):
        world.repo.git("checkout", "-q", "-b", "topic")
        world.commit("remove old", one="def one():\n    return 1\n")
        world.learn()
        world.repo.git("checkout", "-q", "main")
        if keep:
            world.repo.git("checkout", "-q", "topic", "--", "one.py")
            tree = world.repo.git("write-tree")
            sha = world.repo.git("commit-tree", tree, "-p", "main", "-m", "Theirs (#4)", env=world.repo.times())
            world.repo.git("update-ref", "refs/remotes/origin/main", sha)
            world.repo.git("reset", "-q", "--hard", "main")
        world.repo.git("branch", "-q", "-D", "topic")
        world.commit("go on", other=f"other = {keep}\n")
        world.learn()
        found = [item.status for title, item in world.items().items() if title == "remove old"]
        assert found == ["active" if keep else "review"]
