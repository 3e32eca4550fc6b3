"""Cherry-picks, squashed branches, reverts, and commits that nothing reaches any more."""

from __future__ import annotations

import pytest

from contox_hooks.memory.service import Service
from contox_hooks.place import memory_path
from tests.gitrepo import EPOCH
from tests.lineage.conftest import World, cited
from tests.lineage.test_rewrite import BOTH, three


def branch_of_three(world: World) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    three(world)
    world.repo.git("checkout", "-q", "main")
    world.commit("main moves on", other="other = 1\n")


@BOTH
@pytest.mark.parametrize("later_s", [60, 40 * 3600], ids=["same session", "days later"])
@pytest.mark.parametrize("args", [(), ("-x",)], ids=["plain", "-x"])
def test_picked(world: World, seen: bool, later_s: int, args: tuple[str, ...]) -> None:
    branch_of_three(world)
    world.learn() if seen else world.look()
    world.repo.git("cherry-pick", *args, "topic", env={"GIT_COMMITTER_DATE": f"{EPOCH + 3600 + later_s} +0000"})
    world.learn()
    items = world.items()
    assert set(items) == {"add one", "add two", "add three", "main moves on"}
    assert cited(items["add three"]) == {world.repo.git("rev-parse", name) for name in ("topic", "main")}
    assert (items["add three"].status, items["add three"].reinforced) == ("active", 1)
    assert len(world.extractor.asked) == 4
    world.enrich()
    assert world.items()["add three"].reinforced == 1


def test_picked_into_a_conflict(world: World) -> None:
    """The trailer names the commit although the patch is another one."""
    world.repo.git("checkout", "-q", "-b", "topic")
    world.commit("begin anew", start="start = 2\nmore = 1\n")
    world.repo.git("checkout", "-q", "main")
    world.commit("begin otherwise", start="start = 3\n")
    world.learn()
    before = world.items()["begin anew"]
    world.repo.git("cherry-pick", "-x", "topic", check=False)
    world.repo.write("start.py", "start = 3\nmore = 1\n")
    world.repo.git("add", "-A")
    world.repo.git("cherry-pick", "--continue", env={"GIT_EDITOR": "true"})
    world.learn()
    item = world.items()["begin anew"]
    assert item.id == before.id
    assert cited(item) == {world.repo.git("rev-parse", name) for name in ("topic", "main")}


def squash(world: World, message: str) -> str:
    world.repo.git("merge", "-q", "--squash", "topic")
    args = ("-m", message) if message else ("--no-edit",)
    world.repo.git("commit", "-q", *args, env=world.repo.times())
    return world.repo.head()


@BOTH
@pytest.mark.parametrize("message", ["", "all three at once"], ids=["git's message", "own message"])
def test_squashed_branch(world: World, seen: bool, message: str) -> None:
    branch_of_three(world)
    world.learn() if seen else world.look()
    before = set() if not seen else {item.id for item in world.items().values()}
    sha = squash(world, message)
    world.learn()
    world.repo.git("branch", "-D", "topic")
    world.commit("go on", other="other = 2\n")
    world.learn()
    items = world.items()
    assert set(items) == {"add one", "add two", "add three", "main moves on", "go on"}
    assert before <= {item.id for item in items.values()}
    for title in ("add one", "add two", "add three"):
        assert items[title].status == "active"
        assert sha in cited(items[title])
    assert len(world.extractor.asked) == 5


def test_squashed_branch_whose_commits_undo_each_other(world: World) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    world.commit("add one", one="def one():\n    return 1\n")
    world.commit("look closer", one="def one():\n    print('here')\n    return 1\n")
    world.commit("look no more", one="def one():\n    return 1\n")
    world.repo.git("checkout", "-q", "main")
    world.commit("main moves on", other="other = 1\n")
    world.learn()
    sha = squash(world, "add the first")
    world.learn()
    assert sha in cited(world.items()["add one"])
    assert "add the first" not in world.items()


def test_a_squash_with_work_of_its_own(world: World) -> None:
    """What the squash adds beside is read; the branch's items stand on it too."""
    branch_of_three(world)
    world.learn()
    world.repo.git("merge", "-q", "--squash", "topic")
    world.repo.write("four.py", "def four():\n    return 'four'\n")
    world.repo.git("add", "-A")
    world.repo.git("commit", "-q", "-m", "all and more", env=world.repo.times())
    sha = world.repo.head()
    world.learn()
    items = world.items()
    assert all(sha in cited(items[title]) for title in ("add one", "add two", "add three"))
    assert "all and more" in world.extractor.asked
    quotes = {entry.quote for item in items.values() for entry in item.evidence}
    assert "def four():" in quotes


def test_work_in_the_same_file_is_no_squash(world: World) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    world.commit("add one", one="def one():\n    return 1\n")
    world.repo.git("checkout", "-q", "main")
    world.commit("add another one", one="def one():\n    return 'another'\n\n\ndef more():\n    return 2\n")
    world.learn()
    items = world.items()
    assert set(items) == {"add one", "add another one"}
    assert all(len(cited(item)) == 1 for item in items.values())


def test_reverted_and_brought_back(world: World) -> None:
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.git("revert", "--no-edit", "HEAD", env=world.repo.times())
    reverting = world.repo.head()
    world.learn()
    item = world.items()["add one"]
    assert item.status == "review"
    assert reverting[:12] in str(item.status_reason)
    asked = len(world.extractor.asked)
    world.repo.git("revert", "--no-edit", "HEAD", env=world.repo.times())
    world.learn()
    item = world.items()["add one"]
    assert (item.id, item.status, item.status_reason) == (before.id, "active", None)
    assert world.repo.head() in cited(item)
    assert len(world.extractor.asked) == asked
    assert [item.status for item in world.items().values() if item.title.startswith("Revert")] == ["review"]


def test_reverted_and_brought_back_before_anyone_looked(world: World) -> None:
    """What stands at the end is not in doubt; the revert is replaced by its own."""
    world.commit("add one", one="def one():\n    return 1\n")
    for _ in range(2):
        world.repo.git("revert", "--no-edit", "HEAD", env=world.repo.times())
    world.learn()
    items = world.items()
    assert items["add one"].status == "active"
    assert {item.status for item in items.values()} == {"active"}
    assert [item.status for item in world.items("superseded").values()] == ["superseded"]


def test_a_revert_doubts_the_commit_that_it_names_and_not_its_namesakes(world: World) -> None:
    first = world.commit("Update README", one="def one():\n    return 1\n")
    world.commit("work on", two="def two():\n    return 2\n")
    second = world.commit("Update README", three="def three():\n    return 3\n")
    world.repo.git("revert", "--no-edit", second, env=world.repo.times())
    world.learn()
    with Service.open(memory_path()) as service:
        project_id = service.store.rows("SELECT id FROM project")[0]["id"]
        page = [service.items.get(item.id) for item in service.items.page(project_id, status=None)]
    statuses = {sha: item.status for item in page for sha in cited(item)}
    assert (statuses[first], statuses[second], statuses[world.repo.head()]) == ("active", "review", "active")


def test_left_behind_by_a_reset(world: World) -> None:
    world.commit("add one", one="def one():\n    return 1\n")
    world.commit("add two", two="def two():\n    return 2\n")
    world.learn()
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    world.commit("go on", other="other = 1\n")
    world.learn()
    items = world.items()
    assert (items["add one"].status, items["add two"].status) == ("active", "review")
    assert items["add two"].status_reason


def test_a_deleted_branch(world: World) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    gone = world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    world.repo.git("checkout", "-q", "main")
    world.repo.git("branch", "-q", "-D", "topic")
    world.commit("go on", other="other = 1\n")
    world.learn()
    item = world.items()["add one"]
    assert (item.status, item.status_reason) == ("review", f"no branch reaches {gone[:12]} any more")
    world.repo.git("branch", "found", gone)
    world.commit("go on still", other="other = 2\n")
    world.learn()
    item = world.items()["add one"]
    assert (item.status, item.status_reason) == ("active", None)


@pytest.mark.parametrize("keep", ["tag", "worktree", "remote"])
def test_still_reached(world: World, keep: str) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    sha = world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    world.repo.git("checkout", "-q", "main")
    if keep == "tag":
        world.repo.git("tag", "kept", sha)
    elif keep == "worktree":
        world.repo.git("worktree", "add", "-q", "--detach", "../side", sha)
    else:
        world.repo.git("update-ref", "refs/remotes/origin/topic", sha)
    world.repo.git("branch", "-q", "-D", "topic")
    world.commit("go on", other="other = 1\n")
    world.learn()
    assert world.items()["add one"].status == "active"
