"""Amend, rebase, squash, drop: the items go along, and nobody is asked twice."""

from __future__ import annotations

import pytest

from contox_hooks.memory.service import Service
from contox_hooks.place import memory_path
from tests.gitrepo import Repo
from tests.lineage.conftest import World, cited

BOTH = pytest.mark.parametrize("seen", [True, False], ids=["memory before", "not memory yet"])


def three(world: World) -> None:
    for name in ("one", "two", "three"):
        world.commit(f"add {name}", **{name: f"def {name}():\n    return '{name}'\n"})


def interactive(world: World, words: str, onto: str = "HEAD~3") -> None:
    world.repo.git("rebase", "-q", "-i", onto, env={"GIT_SEQUENCE_EDITOR": f"sed -i -e '{words}'"})


def test_amended_message(world: World) -> None:
    old = world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.git("commit", "-q", "--amend", "-m", "add the first", env=world.repo.times())
    world.learn()
    (item,) = world.items().values()
    assert (item.id, item.status, cited(item)) == (before.id, "active", {world.repo.head()})
    assert old not in str(item.commit_range)
    assert "add the first" in {entry.quote for entry in item.evidence}
    assert world.extractor.asked == ["add one"]  # paid: the same patch is not read again
    assert world.unprocessed() == 0


def test_amended_message_is_read_again_where_that_costs_nothing(world: World) -> None:
    world.extractor.paid = False
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.git("commit", "-q", "--amend", "-m", "add the first", env=world.repo.times())
    world.learn()
    (item,) = world.items().values()
    assert (item.id, item.title) == (before.id, "add the first")
    assert item.facts.startswith("add the first: ")


def test_amended_content(world: World) -> None:
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.write("one.py", "def one():\n    return 2\n")
    world.repo.git("commit", "-q", "-a", "--amend", "-m", "add one", env=world.repo.times())
    world.learn()
    (item,) = world.items().values()
    assert (item.id, cited(item)) == (before.id, {world.repo.head()})
    assert {entry.quote.strip() for entry in item.evidence} == {"add one", "def one():", "return 2"}


def test_what_a_person_decided_stays(world: World) -> None:
    world.extractor.paid = False
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    with Service.open(memory_path()) as service:
        service.items.edit(before.id, title="One, in my words", importance=5)
        service.items.set_status(before.id, "archived", reason="by hand")
    world.approve(before.id)
    world.repo.write("one.py", "def one():\n    return 2\n")
    world.repo.git("commit", "-q", "-a", "--amend", "-m", "add one anew", env=world.repo.times())
    world.learn()
    items = world.items()
    assert items["add one anew"].status == "active"
    item = items["One, in my words"]
    assert (item.id, item.importance) == (before.id, 5)
    assert (item.status, item.status_reason) == ("archived", "by hand")
    assert cited(item) == {world.repo.head()}


def test_amended_to_another_file(world: World) -> None:
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.git("mv", "one.py", "uno.py")
    world.repo.git("commit", "-q", "--amend", "-m", "add one", env=world.repo.times())
    world.learn()
    (item,) = world.items().values()
    assert item.id == before.id
    assert {entry.path for entry in item.evidence} == {None, "uno.py"}
    assert "uno.py" in item.files


def test_undone_amend(world: World) -> None:
    """Back and forth between a commit and its amended form: one item, each form read once."""
    first = world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    world.repo.write("one.py", "def one():\n    return 2\n")
    world.repo.git("commit", "-q", "-a", "--amend", "-m", "add one", env=world.repo.times())
    world.learn()
    world.repo.git("reset", "-q", "--hard", first)
    world.learn()
    (item,) = world.items().values()
    assert (item.id, cited(item)) == (before.id, {first})
    assert world.extractor.asked == ["add one", "add one"]


@BOTH
@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_rebased(world: World, seen: bool, backend: str) -> None:
    world.repo.git("checkout", "-q", "-b", "topic")
    three(world)
    if seen:
        world.learn()
    before = {} if not seen else {title: item.id for title, item in world.items().items()}
    world.look()
    world.repo.git("checkout", "-q", "main")
    world.commit("main moves on", other="other = 1\n")
    world.repo.git("checkout", "-q", "topic")
    world.repo.git("rebase", "-q", backend, "main")
    world.learn()
    items = world.items()
    assert set(items) == {"add one", "add two", "add three", "main moves on"}
    standing = set(world.repo.git("rev-list", "HEAD").split())
    assert all(cited(item) <= standing for item in items.values())
    assert sorted(world.extractor.asked) == sorted(items)
    if seen:
        assert {title: item.id for title, item in items.items() if title in before} == before


@BOTH
def test_pull_rebase(world: World, seen: bool) -> None:
    other = Repo(world.repo.path.parent / "other", init=False)
    world.repo.git("clone", "-q", str(world.repo.path), str(other.path))
    other.commit("theirs", {"theirs.py": "theirs = 1\n"})
    world.repo.git("remote", "add", "origin", str(other.path))
    three(world)
    world.learn() if seen else world.look()
    world.repo.git("pull", "-q", "--rebase", "origin", "main")
    world.learn()
    items = world.items()
    assert set(items) == {"add one", "add two", "add three"}
    assert {sha for item in items.values() for sha in cited(item)} <= set(world.repo.git("rev-list", "HEAD").split())
    assert len(world.extractor.asked) == 3


def test_reordered(world: World) -> None:
    three(world)
    world.learn()
    before = {title: item.id for title, item in world.items().items()}
    interactive(world, "1{h;d};2{G}")
    world.learn()
    items = world.items()
    assert {title: item.id for title, item in items.items()} == before
    assert {sha for item in items.values() for sha in cited(item)} == set(
        world.repo.git("rev-list", "HEAD~3..HEAD").split()
    )
    assert len(world.extractor.asked) == 3


@BOTH
@pytest.mark.parametrize("step", ["fixup", "squash"])
def test_melded(world: World, step: str, seen: bool) -> None:
    three(world)
    world.learn() if seen else world.look()
    before = {item.id for item in world.items().values()}
    interactive(world, f"2,3s/^pick/{step}/")
    world.learn()
    items = world.items()
    assert all(cited(item) == {world.repo.head()} for item in items.values())
    if seen:
        assert {item.id for item in items.values()} == before
        assert world.extractor.asked == ["add one", "add two", "add three"]
    else:
        assert list(items) == ["add one"]
        assert world.extractor.asked == ["add one"]


def test_a_fixup_of_the_very_line(world: World) -> None:
    """What the fixup took away is no evidence any more."""
    world.extractor.paid = False
    world.commit("add one", one="def one():\n    return 1\n")
    world.commit("fix it", one="def one():\n    return 2\n")
    world.learn()
    first = world.items()["add one"]
    interactive(world, "2s/^pick/fixup/", "HEAD~2")
    world.learn()
    items = world.items()
    assert all(cited(item) == {world.repo.head()} for item in items.values())
    assert items["add one"].id == first.id
    assert "return 1" not in {entry.quote.strip() for item in items.values() for entry in item.evidence}


@BOTH
def test_dropped(world: World, seen: bool) -> None:
    three(world)
    world.learn() if seen else world.look()
    interactive(world, "2s/^pick/drop/")
    world.learn()
    assert set(world.items()) == {"add one", "add three"}
    if seen:
        assert "dropped" in str(world.items("superseded")["add two"].status_reason)


def test_split(world: World) -> None:
    """`edit` in a rebase: the commit becomes two, and git names no heir where no hook is told of one."""
    world.repo.commit("add both", {"one.py": "def one():\n    return 1\n", "two.py": "def two():\n    return 2\n"})
    world.learn()
    before = world.items()["add both"]
    interactive(world, "1s/^pick/edit/", "HEAD~1")
    world.repo.git("reset", "-q", "HEAD~1")
    for name in ("one", "two"):
        world.repo.git("add", f"{name}.py")
        world.repo.git("commit", "-q", "-m", f"add {name}", env=world.repo.times())
    world.repo.git("rebase", "--continue")
    world.learn()
    items = world.items()
    standing = set(world.repo.git("rev-list", "HEAD").split())
    assert all(cited(item) <= standing for item in items.values())
    assert before.id not in {item.id for item in items.values()}
    assert "dropped" in str(world.items("superseded")["add both"].status_reason)
    quotes = {entry.quote.strip() for item in items.values() for entry in item.evidence}
    assert quotes >= {"def one():", "def two():"}


def test_rewritten_again_before_it_was_memory(world: World) -> None:
    """The amended commit is amended while its own run has not happened: the item skips it."""
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    for number in (2, 3):
        world.repo.git("commit", "-q", "--amend", "-m", f"add one, take {number}", env=world.repo.times())
        world.look()
    world.enrich()
    (item,) = world.items().values()
    assert (item.id, cited(item)) == (before.id, {world.repo.head()})
    assert world.extractor.asked == ["add one"]


def test_without_reflogs_or_hooks(world: World) -> None:
    """A mass rewrite that nobody told pairs of: patch ids find what became of what."""
    world.repo.git("config", "core.logAllRefUpdates", "false")
    three(world)
    world.learn()
    before = {title: item.id for title, item in world.items().items()}
    world.repo.git(
        "filter-branch", "-f", "--msg-filter", "sed s/start/begin/", "HEAD", env={"FILTER_BRANCH_SQUELCH_WARNING": "1"}
    )
    world.repo.git("update-ref", "-d", "refs/original/refs/heads/main")
    world.learn()
    items = world.items()
    assert {title: item.id for title, item in items.items() if title in before} == before
    standing = set(world.repo.git("rev-list", "HEAD").split())
    assert all(cited(items[title]) & standing for title in before)
    assert sorted(world.extractor.asked)[:3] == sorted(before)
