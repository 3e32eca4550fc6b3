from __future__ import annotations

import pytest

from contox_hooks.git import lookup
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.run import GitFailed
from tests.gitrepo import Repo


def test_files_at_commits(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("x", {"a.txt": "one\n", "new\nline.txt": "two\n", "big.bin": b"0" * 300, "dir/x": ""})
    monkeypatch.setattr(lookup, "MAX_BYTES", 200)
    with Blobs(repo.repository.common_dir) as files:
        assert files(sha, "a.txt") == b"one\n"
        assert files(sha, "new\nline.txt") == b"two\n"
        assert files(sha, "gone.txt") is None
        assert files(sha, "dir") is None
        with pytest.raises(GitFailed, match="more than 200 bytes"):
            files(sha, "big.bin")
        with pytest.raises(GitFailed):  # a commit that is not here says nothing of its files
            files("0" * 40, "a.txt")
        assert files(sha, "a.txt") == b"one\n"


def test_answers_are_kept_within_a_bound(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = repo.commit("x", {f"{number}.txt": str(number) * 400 for number in range(9)})
    monkeypatch.setattr(lookup, "KEPT_BYTES", 3000)
    with Blobs(repo.repository.common_dir) as files:
        for number in range(9):
            assert files(sha, f"{number}.txt") == str(number).encode() * 400
        assert files(sha, "nothing") is None
        assert files._kept_bytes <= 3000
        asked = list(files._kept)
        assert asked[-1] == (sha, "nothing")
        monkeypatch.setattr(Blobs, "_read", lambda *question: pytest.fail("asked git again"))
        assert files(sha, "8.txt") == b"8" * 400
        assert files(sha, "nothing") is None
        assert list(files._kept)[-1] == (sha, "nothing")
