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


def test_a_missing_file_is_asked_of_one_process_and_missing_objects_are_no_answer(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repo.commit("x", {"top.txt": "one\n", "dir/in/x.txt": "two\n", "dir/ümlaut.txt": "three\n"})
    blob, tree = (repo.git("rev-parse", f"{sha}:{path}").strip() for path in ("top.txt", "dir/in"))
    for gone in (blob, tree):
        (repo.path / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    with Blobs(repo.repository.common_dir) as files:
        started: list[tuple[str, ...]] = []
        monkeypatch.setattr(type(repo.repository), "git", lambda self, *words, **rest: started.append(words) or b"")
        assert files(sha, "dir/ümlaut.txt") == b"three\n"
        for absent in ("gone.txt", "dir/gone.txt", "nowhere/at/all.txt", "dir/ümlaut.txt/x", "dir"):
            assert files(sha, absent) is None
        for unknown in ("top.txt", "dir/in/x.txt", "dir/in/gone.txt"):
            with pytest.raises(GitFailed, match="not here"):
                files(sha, unknown)
        with pytest.raises(GitFailed, match="not here"):
            files("0" * 40, "gone.txt")
        assert started == []
