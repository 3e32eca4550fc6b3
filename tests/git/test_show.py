"""A commit as a person reads it."""

from __future__ import annotations

import pytest

from contox_hooks.git import show
from contox_hooks.git.run import GitFailed
from contox_hooks.git.show import shown_commit
from tests.gitrepo import Repo


def test_message_summary_and_patch(repo: Repo) -> None:
    sha = repo.commit("Keep it\n\nBecause.", {"a.txt": "one\n"})
    text = shown_commit(repo.repository, sha[:12])
    assert f"commit {sha}" in text
    assert "Because." in text
    assert "a.txt | 1 +" in text
    assert "+one" in text


def test_what_is_set_up_for_people_does_not_run(repo: Repo) -> None:
    sha = repo.commit("Keep it", {"a.txt": "one\n"})
    for name in ("diff.external", "core.pager", "diff.txt.textconv"):
        repo.git("config", name, "touch ran; cat")
    repo.git("config", "color.ui", "always")
    text = shown_commit(repo.repository, sha)
    assert "+one" in text
    assert "\x1b" not in text
    assert not (repo.path / "ran").exists()


@pytest.mark.parametrize("sha", ["0" * 40, "--output=x", "HEAD:a.txt", ""])
def test_what_is_no_commit_here_fails(repo: Repo, sha: str) -> None:
    repo.commit("Keep it", {"a.txt": "one\n"})
    with pytest.raises(GitFailed):
        shown_commit(repo.repository, sha)
    assert not (repo.path / "x").exists()


def test_a_huge_commit_is_cut_and_says_so(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("Keep it", {"a.txt": "one\n" * 1000})
    monkeypatch.setattr(show, "MAX_BYTES", 500)
    text = shown_commit(repo.repository, sha)
    assert len(text) < 700
    assert f"cut after 500 bytes: git show {sha}" in text
