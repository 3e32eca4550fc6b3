"""Git's answers and those from the graph in memory are the same, whatever the history looks like."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from contox_hooks.git import ancestry
from contox_hooks.git.ancestry import Ancestry
from contox_hooks.git.repository import Repository
from tests.gitrepo import EPOCH, Repo


def history(repo: Repo) -> list[str]:
    """Two branches that are merged, one that is not; the clock of the second was behind."""
    git = repo.git
    commits = [repo.commit("root", {"a": "1"}, at=EPOCH + 1000)]
    git("branch", "other")
    commits.append(repo.commit("main", {"a": "2"}, at=EPOCH + 1001))
    git("checkout", "-q", "other")
    commits.append(repo.commit("behind", {"b": "1"}, at=EPOCH))
    git("branch", "left")
    git("checkout", "-q", "-")
    git("merge", "-q", "--no-ff", "-m", "merge", "other")
    commits.append(repo.head())
    git("checkout", "-q", "left")
    commits.append(repo.commit("left alone", {"c": "1"}, at=EPOCH + 5))
    return commits


def answers(repo: Repository, commits: list[str], asked: Ancestry) -> dict[tuple[str, str], bool | None]:
    return {pair: asked.is_ancestor(*pair) for pair in product(commits, repeat=2)}


def test_both_ways_agree(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = history(repo)
    repository = repo.repository
    by_git, by_graph = Ancestry(repository), Ancestry(repository)
    monkeypatch.setattr(ancestry, "PATIENCE", 10**6)
    told = answers(repository, commits, by_git)
    monkeypatch.setattr(ancestry, "PATIENCE", 0)
    assert answers(repository, commits, by_graph) == told
    assert {True, False} == set(told.values())
    root, main, behind, merge, left = commits
    assert (told[behind, merge], told[behind, left], told[main, left], told[merge, root]) == (True, True, False, False)


def test_after_a_few_questions_no_process_is_started(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = history(repo)
    asked = Ancestry(repo.repository)
    for _ in range(ancestry.PATIENCE + 1):
        assert asked.is_ancestor(commits[0], commits[3]) is True

    def refuse(*args: object, **kwargs: object) -> bytes:
        raise AssertionError("git was started")

    monkeypatch.setattr(Repository, "git", refuse)
    assert asked.is_ancestor(commits[1], commits[3]) is True
    assert asked.is_ancestor(commits[1][:12], commits[3]) is True
    assert asked.is_ancestor(commits[1], commits[4]) is False


def test_what_the_graph_does_not_have_is_asked_of_git(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestry, "PATIENCE", 0)
    first = repo.commit("one", {"a": "1"})
    asked = Ancestry(repo.repository)
    assert asked.is_ancestor(first, "d" * 40) is None
    later = repo.commit("made while the worker runs", {"a": "2"})
    assert asked.is_ancestor(first, later) is True
    assert asked.is_ancestor(later, first) is False


def test_a_shallow_clone_knows_what_it_has(
    repo: Repo, make_repo: Callable[..., Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [repo.commit(str(number), {"a": str(number)}) for number in range(4)]
    clone = make_repo("clone", init=False)
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(clone.path))
    for patience in (0, 99):
        monkeypatch.setattr(ancestry, "PATIENCE", patience)
        asked = Ancestry(clone.repository)
        assert asked.is_ancestor(commits[2], commits[3]) is True
        assert asked.is_ancestor(commits[0], commits[3]) is None


def test_a_graph_that_is_too_large_is_not_kept(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = history(repo)
    monkeypatch.setattr(ancestry, "PATIENCE", 0)
    monkeypatch.setattr(ancestry, "MAX_COMMITS", 3)
    assert Ancestry(repo.repository).is_ancestor(commits[0], commits[3]) is True
    assert ancestry._graph(repo.repository) is None
