"""What a move of a branch changed: every kind of path, and limits that say so."""

from __future__ import annotations

import pytest

from contox_hooks.domain.digest import FileChange
from contox_hooks.git import landing
from contox_hooks.git.landing import changes_between
from tests.gitrepo import Repo

TEXT = "".join(f"line {number}\n" for number in range(30))


def test_odd_paths_renames_and_a_root_commit(repo: Repo) -> None:
    first = repo.commit("one", {"żółw 1.py": TEXT, "new\nline": "1\n", "Case.py": TEXT + "x\n", "bin": b"\0\1"})
    files, count = changes_between(repo.repository, None, first)
    assert (count, {file.status for file in files}) == (4, {"A"})
    repo.git("mv", "żółw 1.py", "ptak ü.py")
    repo.git("mv", "Case.py", "case.py")
    (repo.path / "new\nline").unlink()
    second = repo.commit("two", {"bin": b"\0\2"})
    files, count = changes_between(repo.repository, first, second)
    assert count == 4
    assert set(files) == {
        FileChange("ptak ü.py", "R", old_path="żółw 1.py"), FileChange("case.py", "R", old_path="Case.py"),
        FileChange("new\nline", "D"), FileChange("bin", "M"),
    }  # fmt: skip


def test_a_cut_says_how_many_there_are(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    first = repo.commit("one", {f"{number}.txt": str(number) for number in range(5)})
    monkeypatch.setattr(landing, "MAX_FILES", 2)
    files, count = changes_between(repo.repository, None, first)
    assert (len(files), count) == (2, 5)
