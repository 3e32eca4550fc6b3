"""What a hook writes into the spool. Held: a hook is a hint, and costs builtins only."""

from __future__ import annotations

from pathlib import Path

from tests.hooks.foreground import Hooked


def test_each_operation_leaves_its_records(hooked: Hooked) -> None:
    repo = hooked.repo
    first = repo.commit("one", {"a": "1\n"})
    second = repo.commit("two", {"a": "2\n"})
    repo.git("commit", "-q", "--amend", "-m", "two, better", env=repo.times())
    amended = repo.head()
    repo.git("checkout", "-q", "-b", "side", first)
    side = repo.commit("side", {"b": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side", env=repo.times())
    merged = repo.head()
    assert hooked.records() == [
        ["1", "post-commit", first, "-"],
        ["1", "post-commit", second, "-"],
        ["1", "post-commit", amended, "-"],
        ["1", "post-rewrite", amended, "-", "amend"],
        ["1", "pair", "amend", second, amended],
        ["1", "post-checkout", first, "-", amended, first, "1"],
        ["1", "post-commit", side, "-"],
        ["1", "post-checkout", amended, "-", side, amended, "1"],
        ["1", "post-merge", merged, "-", "0"],
    ]


def test_rebase_leaves_every_pair(hooked: Hooked) -> None:
    repo = hooked.repo
    repo.commit("root", {"a": "1\n"})
    old = [repo.commit(f"side {n}", {f"s{n}": "x\n"}) for n in range(3)]
    repo.git("rebase", "-q", "--force-rebase", "HEAD~3", env={"GIT_COMMITTER_DATE": "1770000000 +0000"})
    new = repo.git("rev-list", "--reverse", "HEAD~3..").split()
    pairs = [record[2:] for record in hooked.records() if record[1] == "pair"]
    assert pairs == [["rebase", before, after] for before, after in zip(old, new, strict=True)]


def test_applied_patches_are_recorded(hooked: Hooked) -> None:
    repo = hooked.repo
    base = repo.commit("root", {"a": "1\n"})
    repo.commit("change", {"a": "2\n"})
    patch = repo.git("format-patch", "--stdout", base) + "\n"
    repo.git("reset", "-q", "--hard", base)
    repo.git("am", "-q", input=patch)
    assert hooked.records()[-1] == ["1", "post-applypatch", repo.head(), "-"]


def test_linked_worktree_is_told_without_its_name(hooked: Hooked, tmp_path: Path) -> None:
    repo = hooked.repo
    first = repo.commit("one")
    linked = tmp_path / "linked tree"
    repo.git("worktree", "add", "-q", "-b", "other", str(linked))
    repo.git("-C", str(linked), "commit", "-q", "--allow-empty", "-m", "there", env=repo.times())
    there = repo.git("rev-parse", "other")
    assert hooked.records()[-2:] == [
        ["1", "post-checkout", first, "+", "0" * 40, first, "1"],
        ["1", "post-commit", there, "+"],
    ]


def test_head_is_unknown_rather_than_wrong(hooked: Hooked, shell: str) -> None:
    repo = hooked.repo
    hooked.run(shell, "post-commit")  # unborn
    sha = repo.commit("one")
    repo.git("pack-refs", "--all")
    hooked.run(shell, "post-commit")  # only in packed-refs
    repo.git("checkout", "-q", "--detach")
    hooked.run(shell, "post-commit")
    assert [record[2] for record in hooked.records() if record[1] == "post-commit"] == ["-", sha, "-", sha]


def test_every_awkward_folder_is_found(awkward: Hooked) -> None:
    sha = awkward.repo.commit("one", {"a": "1"})
    assert awkward.records() == [["1", "post-commit", sha, "-"]]
    assert len(awkward.starts(1)) == 1


def test_submodule_has_its_own_state(hooked: Hooked, tmp_path: Path) -> None:
    repo = hooked.repo
    repo.commit("library", {"lib": "1"})
    repo.git("submodule", "add", "-q", f"file://{repo.path}", "part")
    part = Hooked(repo, repo.path / ".git/modules/part")
    repo.git("-C", "part", "commit", "-q", "--allow-empty", "-m", "inside", env=repo.times())
    assert part.records() == [["1", "post-commit", repo.git("-C", "part", "rev-parse", "HEAD"), "-"]]


def test_bare_repository(hooked: Hooked, shell: str, tmp_path: Path) -> None:
    sha = hooked.repo.commit("one")
    hooked.repo.git("clone", "-q", "--bare", str(hooked.repo.path), str(tmp_path / "bare"))
    bare = Hooked(hooked.repo, tmp_path / "bare")
    hooked.repo.path = tmp_path / "bare"
    (tmp_path / "bare/refs/heads/main").write_text(f"{sha}\n")
    bare.run(shell, "post-merge", "0")
    assert bare.records() == [["1", "post-merge", sha, "-", "0"]]


def test_no_argument_breaks_the_line(hooked: Hooked, shell: str) -> None:
    hooked.run(shell, "post-merge", "a b", "c\n1 post-commit fake", "é", "", "x" * 201, "y" * 200, "ok")
    assert hooked.records() == [["1", "post-merge", "-", "-", "?", "?", "?", "?", "?", "y" * 200, "ok"]]


def test_line_cut_by_a_kill_does_not_spoil_the_next(hooked: Hooked, shell: str) -> None:
    hooked.spool.write_text("1 post-com")
    hooked.run(shell, "post-commit")
    assert hooked.records() == [["1", "post-com"], ["1", "post-commit", "-", "-"]]


def test_nothing_in_a_repository_that_is_not_captured(hooked: Hooked, shell: str) -> None:
    hooked.state.rename(hooked.state.with_name("elsewhere"))
    hooked.run(shell, "post-commit")
    assert not hooked.state.exists()


def test_probe_records_and_does_nothing_else(hooked: Hooked, shell: str) -> None:
    noted = hooked.chain("post-commit", exit_code=3)
    done = hooked.run(shell, "post-commit", env={"CONTOX_PROBE": "t0ken"})
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
    assert hooked.records() == [["1", "probe", "t0ken", "post-commit"]]
    assert not noted.exists()
    assert not hooked.mark.exists()


def test_framework_hands_arguments_over_in_the_environment(hooked: Hooked, shell: str) -> None:
    (hooked.folder / "post-checkout").rename(hooked.folder / "contox-post-checkout")
    (hooked.folder / "post-rewrite").rename(hooked.folder / "contox-post-rewrite")
    environment = {"PRE_COMMIT_FROM_REF": "a" * 40, "PRE_COMMIT_TO_REF": "b" * 40, "PRE_COMMIT_CHECKOUT_TYPE": "1"}
    hooked.run(shell, "contox-post-checkout", env=environment)
    hooked.run(shell, "contox-post-rewrite", env={"PRE_COMMIT_REWRITE_COMMAND": "amend"})
    assert hooked.records() == [
        ["1", "post-checkout", "-", "-", "a" * 40, "b" * 40, "1"],
        ["1", "post-rewrite", "-", "-", "amend"],
    ]


def test_framework_in_a_new_repository_hands_the_record_to_the_drain(hooked: Hooked, shell: str) -> None:
    sha = hooked.repo.commit("one", args=("--no-verify",))
    hooked.starts(1)
    (hooked.folder / "post-commit").rename(hooked.folder / "contox-post-commit")
    hooked.python.rename(hooked.folder / "python")  # the environment's own, beside its hooks
    hooked.state.rename(hooked.state.with_name("elsewhere"))
    hooked.run(shell, "contox-post-commit")
    assert hooked.starts(2)[1] == f"-E -P -m contox_hooks.wake .git 1 post-commit {sha} -"
    assert not hooked.state.exists()
