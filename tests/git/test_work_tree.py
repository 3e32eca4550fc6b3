"""Work in progress: every state that git knows is named, bounded and clean of secrets; nothing on disk changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.since import WorkInProgress
from contox_hooks.git import work_tree
from contox_hooks.git.history_digest import DigestLimits
from contox_hooks.git.operation import operations
from contox_hooks.git.run import GitFailed
from contox_hooks.git.work_tree import MAX_NAMES, SIDE_CHARACTERS, work_in_progress
from tests.gitrepo import EPOCH, Repo

LIMITS = DigestLimits(exclusions=Exclusions(("*.env", "hidden/**")))
TOKEN = "ghp_" + "A1b2C3d4" * 4 + "E5f6"


def looked(repo: Repo, limits: DigestLimits = LIMITS) -> WorkInProgress:
    work = work_in_progress(repo.repository, limits)
    assert work is not None
    return work


def paths(side: object) -> list[tuple[str, str]]:
    return [(file.status, file.path) for file in side.files]  # type: ignore[attr-defined]


def everything_on_disk(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time and content of every file, the index first of all."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_staged_changed_and_untracked_are_apart(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n", "ä b.txt": "b\n", "old.txt": "same\n" * 9, "gone.txt": "x\n"})
    repo.write("a.txt", "a\nstaged\n")
    repo.git("mv", "old.txt", "new.txt")
    repo.git("add", "a.txt")
    repo.write("a.txt", "a\nstaged\nnot staged\n")
    repo.write("ä b.txt", "b\nmore\n")
    (repo.path / "gone.txt").unlink()
    repo.write("sub dir/ünt.txt", "u\n")
    repo.write("born.txt", "born\n")
    repo.git("add", "-N", "born.txt")
    work = looked(repo)
    assert paths(work.staged) == [("M", "a.txt"), ("R", "new.txt")]
    assert paths(work.unstaged) == [("M", "a.txt"), ("A", "born.txt"), ("D", "gone.txt"), ("M", "ä b.txt")]
    assert work.untracked == ("sub dir/ünt.txt",)
    assert "+staged" in work.staged.diff
    assert "not staged" not in work.staged.diff
    assert "--- a/ä b.txt\n+++ b/ä b.txt\n@@ -1 +1,2 @@\n b\n+more\n" in work.unstaged.diff
    assert "+born" in work.unstaged.diff
    assert not work.is_clean


def test_nothing_on_disk_changes_though_every_time_is_out_of_date(repo: Repo) -> None:
    repo.commit("one", {f"f{number}.txt": "x\n" for number in range(20)} | {"binary": b"a\0b"})
    repo.write("f1.txt", "y\n")
    for path in repo.path.glob("*"):
        if path.is_file():
            os.utime(path, (1, 1))  # what makes `git status` and `git diff` write the index
    before = everything_on_disk(repo.path)
    assert paths(looked(repo).unstaged) == [("M", "f1.txt")]
    assert everything_on_disk(repo.path) == before
    repo.git("diff", "--stat")
    assert everything_on_disk(repo.path) != before  # the test can see a refresh


def test_nothing_of_the_users_is_started(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n", ".gitattributes": "*.txt diff=shown\n"})
    spy = repo.write(".git/spy", f"#!/bin/sh\ntouch '{repo.path}/.git/started'\n")
    spy.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.shown.textconv", "diff.shown.command"):
        repo.git("config", name, str(spy))
    repo.write("a.txt", "b\n")
    assert "+b" in looked(repo).unstaged.diff
    assert not (repo.path / ".git/started").exists()


def test_an_index_that_somebody_holds_is_read_all_the_same(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n"})
    repo.write("a.txt", "b\n")
    (repo.path / ".git/index.lock").write_bytes(b"")
    assert paths(looked(repo).unstaged) == [("M", "a.txt")]
    assert (repo.path / ".git/index.lock").exists()


def test_what_is_excluded_leaves_no_name_and_what_is_secret_no_value(repo: Repo) -> None:
    repo.commit("one", {"a.env": "A=1\n", "b.txt": "b\n", "moved.txt": "m\n" * 9})
    repo.write("a.env", "A=2\n")
    repo.write("b.txt", f"token = {TOKEN}\n")
    (repo.path / "hidden").mkdir()
    repo.git("mv", "moved.txt", "hidden/moved.txt")
    repo.write("c.env", "C=3\n")
    repo.write("hidden/x", "x\n")
    repo.write(f"name-{TOKEN}.txt", "x\n")
    work = looked(repo)
    assert not any(word in repr(work) for word in ("a.env", "c.env", "hidden", TOKEN))
    assert work.unstaged.excluded_files == 1
    assert work.unstaged.redactions == 1
    assert work.untracked_total == 1


def test_bounds_are_kept_and_counted(repo: Repo) -> None:
    repo.commit("one", {"big.txt": "x\n"})
    repo.write("big.txt", "".join(f"line {number}\n" for number in range(9000)))
    for number in range(MAX_NAMES + 7):
        repo.write(f"new/{number:03}.txt", "")
    work = looked(repo)
    assert len(work.untracked) == MAX_NAMES
    assert work.untracked_total == MAX_NAMES + 7
    assert len(work.unstaged.diff) <= SIDE_CHARACTERS
    assert work.unstaged.diff_cut
    assert "not shown]" in work.unstaged.diff
    assert work.unstaged.insertions == 9000


def test_without_diffs_names_are_left(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n"})
    repo.write("a.txt", "b\n")
    side = looked(repo, DigestLimits(diffs=False)).unstaged
    assert (paths(side), side.diff, side.diff_missing) == ([("M", "a.txt")], "", "off")


def test_a_conflict_in_a_merge_and_in_a_rebase(repo: Repo) -> None:
    repo.commit("one", {"a b.txt": "a\n", "gone.txt": "g\n", "c.txt": "c\n"})
    repo.git("checkout", "-qb", "side")
    repo.commit("side", {"a b.txt": "side\n", "gone.txt": "side\n"})
    repo.git("checkout", "-q", "main")
    (repo.path / "gone.txt").unlink()
    repo.commit("main", {"a b.txt": "main\n"})
    repo.git("merge", "side", check=False)
    repo.write("c.txt", "changed\n")
    work = looked(repo)
    assert [(each.path, each.how) for each in work.conflicts] == [
        ("a b.txt", "both modified"),
        ("gone.txt", "deleted by us"),
    ]
    assert work.doing == ("merge",)
    assert paths(work.unstaged) == [("M", "c.txt")]
    assert "+changed" in work.unstaged.diff
    repo.git("merge", "--abort")
    repo.git("checkout", "-qf", "side")
    repo.git("rebase", "main", check=False)
    assert looked(repo).doing == ("rebase of side (1 of 1)",)


def test_submodules_are_named_with_what_they_have(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit("one", {"x.txt": "x\n"})
    repo.git("submodule", "--quiet", "add", str(other.path), "lib")
    repo.commit("with lib")
    inside = Repo(repo.path / "lib", init=False)
    inside.commit("two", {"y.txt": "y\n"})
    inside.write("x.txt", "changed\n")
    inside.write("new.txt", "n\n")
    (found,) = looked(repo).submodules
    assert (found.path, found.what) == ("lib", ("new commits", "modified content", "untracked content"))
    assert "-dirty" not in looked(repo).unstaged.diff


def test_before_the_first_commit_in_a_worktree_and_without_one(repo: Repo, tmp_path: Path) -> None:
    repo.write("a.txt", "a\n")
    repo.git("add", "a.txt")
    assert paths(looked(repo).staged) == [("A", "a.txt")]
    repo.commit("one")
    assert looked(repo).is_clean
    repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "lin ked"))
    linked = Repo(tmp_path / "lin ked", init=False)
    linked.write("b.txt", "b\n")
    assert looked(linked).untracked == ("b.txt",)
    assert looked(repo).is_clean
    bare = Repo(tmp_path / "bare", bare=True)
    assert work_in_progress(bare.repository, LIMITS) is None


def test_a_broken_index_is_an_error_not_a_clean_tree(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n"})
    (repo.path / ".git/index").write_bytes(b"not an index")
    with pytest.raises(GitFailed):
        looked(repo)


def test_what_changes_while_git_looks_is_not_shown_under_another_name(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("one", {"a.env": "A=1\n", "b.txt": "b\n"})
    repo.write("a.env", "A=2\n")
    repo.write("b.txt", "c\n")
    status = work_tree.status_of

    def too_early(*args: Any) -> Any:
        found = status(*args)
        found.changed.remove(b"a.env")
        return found

    monkeypatch.setattr(work_tree, "status_of", too_early)
    side = looked(repo).unstaged
    assert (paths(side), side.diff, side.diff_missing) == ([("M", "b.txt")], "", "unreadable")


def test_a_file_that_cannot_be_read_costs_contents_only(repo: Repo) -> None:
    repo.commit("one", {"a.bin": "a\n", "b.txt": "b\n", "pipe": "p\n", "secret.env": "s\n"})
    (repo.path / "pipe").unlink()
    os.mkfifo(repo.path / "pipe")
    repo.write("b.txt", "b\nmore\n")
    work = looked(repo)
    assert paths(work.unstaged) == [("M", "b.txt"), ("M", "pipe")]
    assert "+more" in work.unstaged.diff
    assert [each.endswith(": pipe") for each in work.troubles] == [True]
    repo.write(".git/info/attributes", "*.bin filter=lfs\n")
    repo.git("config", "filter.lfs.required", "true")
    repo.git("config", "filter.lfs.clean", "no-such-program")
    repo.write("a.bin", "longer\n")
    repo.write("new.txt", "n\n")
    repo.write("x.env", "n\n")
    work = looked(repo)
    assert paths(work.unstaged) == [("M", "a.bin"), ("M", "b.txt"), ("M", "pipe")]
    assert (work.unstaged.diff, work.unstaged.diff_missing) == ("", "unreadable")
    assert (work.untracked, work.untracked_total) == (("new.txt",), 1)
    assert "what is not staged, but for names: fatal: a.bin: clean filter 'lfs' failed" in work.troubles
    repo.write(".git/info/attributes", "*.env filter=lfs\n")
    repo.write("secret.env", "longer\n")
    assert any(each.endswith("fatal: [excluded]: clean filter 'lfs' failed") for each in looked(repo).troubles)


def test_what_is_staged_and_cannot_be_read_is_named(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n"})
    repo.write("a.txt", "staged\n")
    repo.git("add", "a.txt")
    blob = repo.git("rev-parse", ":a.txt")
    (repo.path / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    repo.write("a.txt", "neither\n")
    work = looked(repo)
    assert (paths(work.staged), work.staged.diff_missing) == ([("M", "a.txt")], "unreadable")
    assert work.troubles[0].startswith("what is staged, but for names: fatal: ")


def test_git_never_reads_a_file_that_is_too_big(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit("one", {"big [1].txt": "x\n" * 900, "a.txt": "a\n", "big.env": "x\n" * 900})
    for name in ("big [1].txt", "big.env"):
        repo.write(name, "y\n" * 900)
    repo.write("a.txt", "b\n")
    monkeypatch.setattr(work_tree, "COMPARED_BYTES", 1000)
    work = looked(repo)
    assert paths(work.unstaged) == [("M", "a.txt"), ("M", "big [1].txt")]
    assert work.unstaged.excluded_files == 1
    assert "+b" in work.unstaged.diff
    assert "+y" not in work.unstaged.diff
    assert [each.endswith(": big [1].txt") for each in work.troubles] == [True]
    repo.git("add", "big [1].txt")
    work = looked(repo)
    assert (paths(work.staged), work.staged.diff) == ([("M", "big [1].txt")], "")
    assert paths(work.unstaged) == [("M", "a.txt")]


def test_a_name_is_redacted_before_it_is_cut(repo: Repo) -> None:
    for length in range(240, 300, 4):
        repo.write(".git/rebase-merge/head-name", f"refs/heads/{'x' * length}/{TOKEN}\n")
        (phrase,) = operations(repo.path / ".git")
        assert "ghp_A" not in phrase
        assert len(phrase) <= 300


def test_a_filter_that_fails_is_not_asked_where_sizes_and_times_leave_doubt(repo: Repo) -> None:
    path = repo.write("a.bin", "a\n")
    os.utime(path, (EPOCH, EPOCH))
    repo.commit("one")
    for name, value in (("core.trustctime", "false"), ("filter.lfs.required", "true"), ("filter.lfs.clean", "nothing")):
        repo.git("config", name, value)
    repo.write(".git/info/attributes", "*.bin filter=lfs\n")
    repo.write("a.bin", "A\n")
    for each in (path, repo.path / ".git/index"):
        os.utime(each, (EPOCH, EPOCH))
    work = looked(repo)
    assert paths(work.unstaged) == [("M", "a.bin")]
    assert work.troubles
