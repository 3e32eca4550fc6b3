"""git's own hooks folder. Held: nothing of the user's is overwritten; uninstalling leaves every byte as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.capture.install import HOOKS, HookState, Layout, install, probe, uninstall, wiring
from contox_hooks.domain.error import Refused, RepositoryError
from contox_hooks.git.repository import locate
from tests.gitrepo import Repo
from tests.hooks.foreground import recording_hook
from tests.install.tree import snapshot

pytestmark = pytest.mark.usefixtures("older_git")


def _hook(repo: Repo, name: str, text: str = "#!/bin/sh\nexit 0\n", mode: int = 0o755) -> Path:
    path = repo.path / ".git/hooks" / name
    path.write_text(text)
    path.chmod(mode)
    return path


def _records(repo: Repo) -> list[str]:
    spool = repo.repository.common_dir / "contox/spool"
    return [line for line in spool.read_text().splitlines() if line] if spool.exists() else []


def test_commits_are_recorded_and_uninstalling_leaves_no_trace(repo: Repo, stub_python: str) -> None:
    before = snapshot(repo.path / ".git")
    done = install(repo.repository, python=stub_python)
    assert (done.layout, done.hooks, done.chained, done.changed) == (Layout.FOLDER, HOOKS, (), True)
    assert wiring(repo.repository).is_whole
    assert probe(repo.repository).ok
    assert uninstall(repo.repository).changed
    assert snapshot(repo.path / ".git") == before
    assert not uninstall(repo.repository).changed


def test_every_commit_reaches_the_spool(repo: Repo, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    sha = repo.commit("one")
    assert _records(repo) == [f"1 post-commit {sha} -"]


def test_installing_twice_changes_nothing(repo: Repo, stub_python: str) -> None:
    _hook(repo, "post-commit")
    install(repo.repository, python=stub_python)
    before = snapshot(repo.path / ".git")
    assert not install(repo.repository, python=stub_python).changed
    assert snapshot(repo.path / ".git") == before


def test_state_is_private(repo: Repo, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    state = repo.path / ".git/contox"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "python").read_text() == f"{stub_python}\n"


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("kind", ["script", "odd mode", "not executable", "link", "link to nowhere"])
def test_users_hook_comes_back(repo: Repo, stub_python: str, name: str, kind: str) -> None:
    path = repo.path / ".git/hooks" / name
    if kind.startswith("link"):
        if kind == "link":
            _hook(repo, "mine.sh")
        path.symlink_to("mine.sh")
    else:
        _hook(repo, name, mode={"script": 0o755, "odd mode": 0o711, "not executable": 0o640}[kind])
    before = snapshot(repo.path / ".git")
    done = install(repo.repository, python=stub_python)
    assert done.chained == (path.with_name(f"{name}.contox-chained"),)
    assert wiring(repo.repository).is_whole
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before


def test_users_hook_still_runs(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    repo.commit("one")
    _hook(repo, "post-rewrite", recording_hook(tmp_path / "noted"))
    _hook(repo, "post-checkout", "#!/bin/sh\nexit 9\n")
    install(repo.repository, python=stub_python)
    old = repo.head()
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "better", env=repo.times())
    assert (tmp_path / "noted").read_text() == f"<amend>\n{old} {repo.head()}\n"
    assert repo.run("checkout", "-q", "-b", "side", check=False).returncode == 1  # git makes one of any


def test_older_version_of_ours_is_replaced(repo: Repo, stub_python: str) -> None:
    _hook(repo, "post-commit", "#!/bin/sh\n# contox-hooks hook 0: from long ago\nexit 0\n")
    assert wiring(repo.repository).hooks[0].state is HookState.MISSING  # its body is not there
    done = install(repo.repository, python=stub_python)
    assert done.chained == ()
    path = repo.path / ".git/hooks/post-commit"
    path.write_text(path.read_text().replace("hook 1:", "hook 0:"))
    assert wiring(repo.repository).hooks[0].state is HookState.STALE
    assert install(repo.repository, python=stub_python).changed
    assert wiring(repo.repository).is_whole


def test_hook_of_another_tool_over_ours(repo: Repo, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    _hook(repo, "post-commit", "#!/bin/sh\n# another tool\n")
    seen = wiring(repo.repository)
    assert seen.hooks[0].state is HookState.FOREIGN
    assert not seen.fires
    assert [(problem.text, problem.command) for problem in seen.problems] == [
        ("post-commit: replaced by another hook", "contox-hooks install")
    ]
    assert probe(repo.repository).ok is False
    assert install(repo.repository, python=stub_python).chained == (
        repo.path / ".git/hooks/post-commit.contox-chained",
    )
    assert wiring(repo.repository).is_whole


def test_two_hooks_of_the_users_are_not_guessed_at(repo: Repo, stub_python: str) -> None:
    _hook(repo, "post-commit", "#!/bin/sh\n# first\n")
    install(repo.repository, python=stub_python)
    _hook(repo, "post-commit", "#!/bin/sh\n# second\n")
    before = snapshot(repo.path / ".git")
    with pytest.raises(Refused, match="two hooks of yours claim post-commit"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert "post-commit.contox-chained was yours" in uninstall(repo.repository).notes[0]


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_hook_that_lost_its_mode(repo: Repo, stub_python: str, mode: int) -> None:
    install(repo.repository, python=stub_python)
    (repo.path / ".git/hooks/post-merge").chmod(mode)
    seen = wiring(repo.repository)
    if os.access(repo.path / ".git/hooks/post-merge", os.X_OK):
        pytest.skip("NOT TESTED: this user may execute anything")
    assert seen.hooks[2].state is HookState.NOT_EXECUTABLE
    assert not seen.is_whole
    install(repo.repository, python=stub_python)
    assert wiring(repo.repository).is_whole


def test_body_that_was_deleted(repo: Repo, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    (repo.path / ".git/hooks/contox-capture.sh").unlink()
    assert not wiring(repo.repository).fires
    assert probe(repo.repository).ok is False


def test_python_that_went_away(repo: Repo, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    install(repo.repository, python=str(python))
    assert wiring(repo.repository).is_whole
    python.unlink()
    assert "Python that hooks start is gone" in wiring(repo.repository).problems[0].text


def test_hooks_folder_that_was_not_there(repo: Repo, stub_python: str) -> None:
    shutil.rmtree(repo.path / ".git/hooks")
    before = snapshot(repo.path / ".git")
    install(repo.repository, python=stub_python)
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before


def test_empty_hooks_folder_stays(repo: Repo, stub_python: str) -> None:
    for sample in (repo.path / ".git/hooks").iterdir():
        sample.unlink()
    before = snapshot(repo.path / ".git")
    install(repo.repository, python=stub_python)
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before


def test_one_installation_serves_all_worktrees(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    repo.commit("one")
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    before = snapshot(repo.path / ".git")
    install(locate(linked), python=stub_python)
    assert wiring(repo.repository).is_whole
    assert probe(locate(linked)).ok
    repo.git("-C", str(linked), "commit", "-q", "--allow-empty", "-m", "there", env=repo.times())
    assert _records(repo)[-1].endswith(" +")
    repo.git("-C", str(linked), "reset", "-q", "--hard", "HEAD~")
    uninstall(repo.repository)
    after = snapshot(repo.path / ".git")
    hooks = str(repo.path / ".git/hooks")
    assert {k: v for k, v in after.items() if k.startswith(hooks)} == {
        k: v for k, v in before.items() if k.startswith(hooks)
    }


def test_submodule_has_hooks_of_its_own(repo: Repo, stub_python: str) -> None:
    repo.commit("library", {"lib": "1"})
    repo.git("submodule", "add", "-q", f"file://{repo.path}", "part")
    before = snapshot(repo.path / ".git")
    part = locate(repo.path / "part")
    install(part, python=stub_python)
    assert probe(part).ok
    assert not wiring(repo.repository).fires
    uninstall(part)
    after = {path: what for path, what in snapshot(repo.path / ".git").items() if "/modules/part/contox" not in path}
    assert after == before


def test_bare_repository_says_what_never_fires(make_repo: Callable[..., Repo], stub_python: str) -> None:
    bare = make_repo("bare", bare=True)
    before = snapshot(bare.path)
    assert "never runs post-commit" in install(bare.repository, python=stub_python).notes[0]
    assert "never runs post-commit" in wiring(bare.repository).notes[0]
    assert probe(bare.repository, "post-merge").ok
    uninstall(bare.repository)
    assert snapshot(bare.path) == before


@pytest.mark.parametrize("name", ["two words", 'it\'s "quoted" $HOME', "größe-学", "line\nbreak"])
def test_awkward_folder_names(make_repo: Callable[..., Repo], stub_python: str, name: str) -> None:
    repo = make_repo(name)
    before = snapshot(repo.path / ".git")
    where = locate(repo.path) if "\n" not in name else _located(repo)
    install(where, python=stub_python)
    assert probe(where).ok
    uninstall(where)
    assert snapshot(repo.path / ".git") == before


def _located(repo: Repo) -> object:
    from contox_hooks.git.repository import Repository

    return Repository(repo.path / ".git", repo.path / ".git", repo.path)


def test_hooks_folder_that_is_a_file(repo: Repo, stub_python: str) -> None:
    shutil.rmtree(repo.path / ".git/hooks")
    (repo.path / ".git/hooks").write_text("not a folder")
    before = snapshot(repo.path / ".git")
    with pytest.raises(RepositoryError, match="everything is as before"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert not (repo.path / ".git/contox").exists()


@pytest.mark.parametrize("step", range(1, 9))
def test_full_disk_at_any_step_changes_nothing(
    repo: Repo, stub_python: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Every file is written to a temporary one first; the step-th of these fails."""
    for name in HOOKS[:2]:
        _hook(repo, name)
    before = snapshot(repo.path / ".git")
    steps = _failing_at(step, monkeypatch)
    if step > 7:  # python, body and five hooks
        assert install(repo.repository, python=stub_python).changed
        assert steps() == 7
        return
    with pytest.raises(RepositoryError, match="No space left"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert not (repo.path / ".git/contox").exists()


@pytest.mark.parametrize("step", range(1, 8))
def test_failing_uninstall_changes_nothing(
    repo: Repo, stub_python: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    _hook(repo, "post-commit")
    install(repo.repository, python=stub_python)
    before = snapshot(repo.path / ".git")
    real, count = Path.unlink, 0

    def unlink(path: Path, missing_ok: bool = False) -> None:
        nonlocal count
        count += 1
        if count == step:
            raise OSError(30, "Read-only file system", str(path))
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(RepositoryError, match="Read-only file system"):
        uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before
    assert (repo.path / ".git/contox/python").exists()


def _failing_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    real, count = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == step:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return lambda: count
