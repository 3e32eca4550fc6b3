"""Invariants 2 and 3: each row of the operation table, with hooks off; nothing missed, doubled, or taken from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.capture.conftest import Captured
from tests.gitrepo import Repo
from tests.operation import OPERATIONS, Operation


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_hooks_off(operation: Operation, repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.commit("start", {"file.txt": "a\n"})
    operation.prepare(repo)
    captured = capture(repo)
    captured.drain()
    operation.act(repo)
    captured.drain()
    captured.drain()
    check(operation, captured)


def check(operation: Operation, captured: Captured) -> None:
    expected, kinds = operation.expected, captured.kinds()
    shas = captured.shas()
    assert {subject: kinds.get(subject) for subject in expected.made} == dict(expected.made)
    assert sum(shas.values()) == (len(expected.made) if expected.count is None else expected.count)
    assert all(times == 1 for times in shas.values())
    assert not any(subject.startswith("theirs") for subject in kinds)
    assert captured.superseded() >= set(expected.superseded)
    counted = Counter(event.type for event in captured.events())
    for kind, least in expected.events.items():
        assert counted[kind] >= least, kind


def test_without_reflogs_no_commit_is_missed_either(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.git("config", "core.logAllRefUpdates", "false")
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.commit("start")
    captured = capture(repo)
    captured.drain()
    repo.commit("one", {"a": "1\n"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("two", {"b": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", "topic", env=repo.times())
    captured.drain()
    assert captured.kinds() == {"one": "commit", "two": "commit", "merged": "merge"}


def test_the_first_look_takes_the_present_as_its_starting_point(
    repo: Repo, capture: Callable[[Repo], Captured]
) -> None:
    repo.commit("the past")
    captured = capture(repo)
    assert captured.drain().first
    assert not captured.events("commit")


def test_an_unborn_repository_captures_its_first_commit(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    captured = capture(repo)
    captured.drain()
    repo.commit("the very first")
    captured.drain()
    assert captured.kinds() == {"the very first": "commit"}


def test_a_bare_repository_captures_what_is_written_to_its_refs(
    make_repo: Callable[..., Repo], capture: Callable[[Repo], Captured]
) -> None:
    bare = make_repo("bare.git", bare=True)
    captured = capture(bare)
    captured.drain()
    tree = bare.git("mktree", input="")
    sha = bare.git("commit-tree", tree, "-m", "by plumbing")
    bare.git("update-ref", "refs/heads/main", sha)
    captured.drain()
    assert captured.kinds() == {"by plumbing": "commit"}


def test_a_rebase_under_way_is_left_alone_until_it_is_over(captured: Captured) -> None:
    repo = captured.repo
    for number in (1, 2, 3):
        repo.commit(f"topic {number}", {"same.txt": f"{number}\n"})
    captured.drain()
    editor = "sed -i -e '2s/^pick/edit/' -e '3s/^pick/fixup/'"
    repo.git("rebase", "-i", "HEAD~3", env={"GIT_SEQUENCE_EDITOR": editor})
    repo.write("same.txt", "2, edited\n")
    repo.git("commit", "-q", "-a", "--amend", "-m", "topic 2, edited")
    captured.drain()
    assert "topic 2, edited" not in captured.kinds()
    repo.run("rebase", "--continue", check=False)
    repo.write("same.txt", "3\n")
    repo.git("add", "-A")
    repo.run("rebase", "--continue", check=False)
    assert not (repo.path / ".git" / "rebase-merge").exists()
    captured.drain()
    now = set(repo.git("rev-list", "HEAD~2..HEAD").split())
    assert now <= set(captured.shas())
    assert captured.superseded() >= {"topic 2", "topic 3"}


def test_rewrite_pairs_from_the_spool_are_believed(captured: Captured) -> None:
    repo = captured.repo
    old = repo.commit("old", {"a.txt": "1\n"})
    captured.drain()
    repo.git("update-ref", "refs/heads/main", "HEAD~1")
    repo.git("reset", "-q", "--hard")
    new = repo.commit("quite another message", {"b.txt": "2\n"})
    with captured.assembly.state.spool.open("a") as spool:
        spool.write(f"\n1 pair rebase {old} {new}\n")
    captured.drain()
    assert captured.superseded() == {"old"}
    [rewrite] = captured.events("rewrite")
    assert rewrite.payload["pairs"] == [[old, new]]


def test_switching_branches_counts_own_commits_left_behind(captured: Captured) -> None:
    repo = captured.repo
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("one", {"a": "1\n"})
    repo.commit("two", {"b": "1\n"})
    repo.git("checkout", "-q", "main")
    captured.drain()
    to_topic, to_main = (event.payload for event in captured.events("checkout"))
    assert (to_topic["from_branch"], to_topic["to_branch"], to_topic["left_behind"]) == ("main", "topic", 0)
    assert (to_main["from_branch"], to_main["to_branch"], to_main["left_behind"]) == ("topic", "main", 2)


def test_a_clone_is_understood(captured: Captured, capture: Callable[[Repo], Captured]) -> None:
    clone = Repo(captured.repo.path.parent / "clone", init=False)
    captured.repo.git("clone", "-q", str(captured.repo.path), str(clone.path))
    theirs = capture(clone)
    theirs.drain()
    [event] = theirs.events()
    assert (event.type, event.payload["how"], event.payload["to_branch"]) == ("checkout", "clone", "main")


def test_a_bisection_is_no_story_of_switches(captured: Captured) -> None:
    repo = captured.repo
    for number in range(8):
        repo.commit(f"c{number}", {"n": f"{number}\n"})
    captured.drain()
    repo.git("bisect", "start", "HEAD", "HEAD~7")
    repo.git("bisect", "good")
    captured.drain()
    assert not captured.events("checkout")


def test_secrets_in_branch_names_stay_in_git(captured: Captured) -> None:
    repo = captured.repo
    token = "ghp_" + "a1B2c3D4e5" * 3 + "a1B2c3"
    repo.git("checkout", "-q", "-b", f"try/{token}")
    repo.commit("work", {"a": "1\n"})
    captured.drain()
    events = captured.events()
    assert {event.type for event in events} == {"commit", "checkout"}
    assert not any(token in str(event.payload) for event in events)
