from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.domain.error import RepositoryError
from contox_hooks.git.repository import from_git_dir, locate
from tests.gitrepo import Repo


@pytest.mark.parametrize("name", ["plain", "with space", "naïve-ü-日本", "two\nlines", "quote'\"s"])
def test_any_folder_name(make_repo: Callable[..., Repo], name: str) -> None:
    repo = make_repo(name)
    (repo.path / "deep" / "er").mkdir(parents=True)
    found = locate(repo.path / "deep" / "er")
    assert (found.git_dir, found.common_dir, found.work_tree) == (repo.path / ".git", repo.path / ".git", repo.path)
    assert from_git_dir(repo.path / ".git").common_dir == repo.path / ".git"


def test_a_linked_worktree_shares_the_common_directory(repo: Repo) -> None:
    repo.commit("start")
    repo.git("worktree", "add", "-q", "../side")
    side = repo.path.parent / "side"
    found = locate(side)
    assert (found.git_dir, found.common_dir) == (repo.path / ".git/worktrees/side", repo.path / ".git")
    assert found.work_tree == side
    assert from_git_dir(side / ".git").common_dir == repo.path / ".git"


def test_a_submodule_has_its_own(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    inner = make_repo("inner")
    inner.commit("start")
    repo.git("submodule", "add", "-q", str(inner.path), "sub")
    assert locate(repo.path / "sub").common_dir == repo.path / ".git/modules/sub"
    assert from_git_dir(repo.path / "sub/.git").common_dir == repo.path / ".git/modules/sub"


def test_a_bare_repository_has_no_work_tree(make_repo: Callable[..., Repo]) -> None:
    bare = make_repo("bare.git", bare=True)
    assert locate(bare.path).work_tree is None


def test_outside_any_repository(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a git repository") as caught:
        locate(tmp_path)
    assert "git init" in caught.value.hint


def test_git_that_is_not_there(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RepositoryError, match="git is not installed"):
        locate(repo.path)
