"""core.hooksPath set: the folder that it names is never written to, and everything in it still runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.capture.install import HookState, Layout, install, probe, uninstall, wiring
from contox_hooks.domain.error import Busy, Refused, RepositoryError
from contox_hooks.git.repository import locate
from tests.gitrepo import Repo
from tests.hooks.foreground import recording_hook
from tests.install.tree import snapshot

pytestmark = pytest.mark.usefixtures("older_git")


@pytest.fixture
def shared(repo: Repo) -> Path:
    """A tracked hooks folder in the work tree, as husky and many teams have it; named relatively."""
    folder = repo.path / "team hooks"
    folder.mkdir()
    repo.git("config", "core.hooksPath", "team hooks")
    return folder


def _hook(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_uninstalling_leaves_no_trace(repo: Repo, shared: Path, stub_python: str) -> None:
    before, team = snapshot(repo.path / ".git"), snapshot(shared)
    done = install(repo.repository, python=stub_python)
    assert (done.layout, done.changed) == (Layout.DETOUR, True)
    assert wiring(repo.repository).is_whole
    assert probe(repo.repository).ok
    assert snapshot(shared) == team
    installed = snapshot(repo.path / ".git")
    assert not install(repo.repository, python=stub_python).changed
    assert snapshot(repo.path / ".git") == installed
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before
    assert snapshot(shared) == team
    assert not (repo.path / ".git/contox/hooks").exists()


def test_hooks_of_the_folder_run_with_everything(repo: Repo, shared: Path, stub_python: str, tmp_path: Path) -> None:
    repo.commit("one")
    _hook(shared, "post-rewrite", recording_hook(tmp_path / "rewrite"))
    _hook(shared, "commit-msg", recording_hook(tmp_path / "message"))
    _hook(shared, "post-commit", f"#!/bin/sh\necho \"$0\" > '{tmp_path}/name'\n")
    install(repo.repository, python=stub_python)
    old = repo.head()
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "better", env=repo.times())
    assert (tmp_path / "rewrite").read_text() == f"<amend>\n{old} {repo.head()}\n"
    assert (tmp_path / "message").read_text().startswith("<.git/COMMIT_EDITMSG>")
    assert (tmp_path / "name").read_text() == "team hooks/post-commit\n"  # husky finds its parts by this
    assert [path.name for path in install(repo.repository, python=stub_python).chained] == [
        "post-commit",
        "post-rewrite",
    ]


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"])
def test_hook_added_later_still_runs(repo: Repo, shared: Path, stub_python: str, tmp_path: Path, name: str) -> None:
    install(repo.repository, python=stub_python)
    _hook(shared, name, recording_hook(tmp_path / "noted", exit_code=0))
    repo.commit("one")
    assert (tmp_path / "noted").exists()
    assert wiring(repo.repository).is_whole


def test_hook_that_refuses_still_refuses(repo: Repo, shared: Path, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    _hook(shared, "pre-commit", "#!/bin/sh\necho no >&2\nexit 1\n")
    done = repo.run("commit", "--allow-empty", "-m", "one", check=False)
    assert (done.returncode, done.stderr) == (1, b"no\n")


def test_costly_hook_is_forwarded_only_where_there_is_one(repo: Repo, shared: Path, stub_python: str) -> None:
    own = repo.path / ".git/contox/hooks"
    install(repo.repository, python=stub_python)
    assert not (own / "reference-transaction").exists()
    _hook(shared, "reference-transaction", "#!/bin/sh\nexit 0\n")
    assert [problem.text for problem in wiring(repo.repository).problems] == [
        "added to team hooks later, not run: reference-transaction"
    ]
    install(repo.repository, python=stub_python)
    assert (own / "reference-transaction").exists()
    (shared / "reference-transaction").unlink()
    install(repo.repository, python=stub_python)
    assert not (own / "reference-transaction").exists()


def test_relative_folder_is_each_worktrees_own(repo: Repo, shared: Path, stub_python: str, tmp_path: Path) -> None:
    _hook(shared, "post-commit", f"#!/bin/sh\npwd >> '{tmp_path}/where'\n")
    repo.commit("one")
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    install(locate(linked), python=stub_python)
    (tmp_path / "where").unlink()
    repo.git("-C", str(linked), "commit", "-q", "--allow-empty", "-m", "there", env=repo.times())
    assert (tmp_path / "where").read_text() == f"{linked}\n"
    assert probe(locate(linked)).ok
    assert probe(repo.repository).ok


@pytest.mark.parametrize("value", ["{home}/shared", "~/shared"])
def test_global_folder(repo: Repo, stub_python: str, sealed: Path, tmp_path: Path, value: str) -> None:
    shared = sealed / "shared"
    shared.mkdir()
    _hook(shared, "post-commit", recording_hook(tmp_path / "noted"))
    repo.git("config", "--global", "core.hooksPath", value.format(home=sealed))
    before, everybodys = snapshot(repo.path / ".git"), snapshot(sealed)
    assert not wiring(repo.repository).fires
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
    assert not (tmp_path / "noted").exists()
    repo.commit("one")
    assert (tmp_path / "noted").exists()
    repo.git("update-ref", "-d", "HEAD")
    assert snapshot(sealed) == everybodys
    uninstall(repo.repository)
    assert repo.git("config", "core.hooksPath") == value.format(home=sealed)
    config = str(repo.path / ".git/config")
    assert snapshot(repo.path / ".git")[config] == before[config]


def test_folder_given_up_by_another_tool(repo: Repo, shared: Path, stub_python: str) -> None:
    """husky sets core.hooksPath anew at every installation of the project's packages."""
    install(repo.repository, python=stub_python)
    repo.git("config", "core.hooksPath", "team hooks")
    seen = wiring(repo.repository)
    assert {hook.state for hook in seen.hooks} == {HookState.SHADOWED}
    assert "core.hooksPath is team hooks" in seen.problems[0].text
    before = (repo.path / ".git/config").read_bytes()
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
    uninstall(repo.repository)
    assert (repo.path / ".git/config").read_bytes() == before


def test_installed_before_the_folder_was_named(repo: Repo, stub_python: str) -> None:
    before = snapshot(repo.path / ".git")
    install(repo.repository, python=stub_python)
    repo.git("config", "core.hooksPath", "elsewhere")
    assert wiring(repo.repository).hooks[0].state is HookState.SHADOWED
    assert probe(repo.repository).ok is False
    assert install(repo.repository, python=stub_python).layout is Layout.DETOUR
    assert probe(repo.repository).ok
    uninstall(repo.repository)
    repo.git("config", "--unset", "core.hooksPath")
    assert snapshot(repo.path / ".git") == before


@pytest.mark.parametrize(
    "config",
    [
        b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n[core]\n\thooksPath = a\n\thooksPath = team hooks",
        b"[core]\n  bare=false\n\trepositoryformatversion = 0\n[CORE] hookspath = team hooks ; why\n# the end\n",
        b'[core]\r\n\tbare = false\r\n\trepositoryformatversion = 0\r\n\thooksPath = "team hooks"\r\n\r\n',
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_oddly_written_configuration_comes_back(repo: Repo, stub_python: str, config: bytes, mode: int) -> None:
    path = repo.path / ".git/config"
    path.write_bytes(config)
    path.chmod(mode)
    before = snapshot(repo.path / ".git")
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before


def test_configuration_changed_since_keeps_the_change(repo: Repo, shared: Path, stub_python: str) -> None:
    install(repo.repository, python=stub_python)
    repo.git("config", "remote.origin.url", "https://example.org/x.git")
    uninstall(repo.repository)
    assert repo.git("config", "core.hooksPath") == "team hooks"
    assert repo.git("config", "remote.origin.url") == "https://example.org/x.git"


def test_repository_that_was_moved(make_repo: Callable[..., Repo], stub_python: str, tmp_path: Path) -> None:
    repo = make_repo("before")
    repo.git("config", "core.hooksPath", "team")
    config = (repo.path / ".git/config").read_bytes()
    install(repo.repository, python=stub_python)
    repo.path = repo.path.rename(tmp_path / "after")
    assert not wiring(repo.repository).fires
    assert install(repo.repository, python=stub_python).layout is Layout.DETOUR
    assert probe(repo.repository).ok
    assert uninstall(repo.repository).changed
    assert (repo.path / ".git/config").read_bytes() == config


def test_setting_of_one_worktree_has_precedence(repo: Repo, shared: Path, stub_python: str) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "core.hooksPath", "of this worktree")
    before = snapshot(repo.path / ".git")
    with pytest.raises(Refused, match=r"core\.hooksPath is of this worktree"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert not (repo.path / ".git/contox").exists()


def test_hooks_folder_that_is_a_link_is_not_written_to(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    elsewhere = (repo.path / ".git/hooks").rename(tmp_path / "tracked")
    (repo.path / ".git/hooks").symlink_to(elsewhere)
    _hook(elsewhere, "post-commit", recording_hook(tmp_path / "noted"))
    before, tracked = snapshot(repo.path / ".git"), snapshot(elsewhere)
    assert install(repo.repository, python=stub_python).layout is Layout.DETOUR
    assert not install(repo.repository, python=stub_python).changed
    assert probe(repo.repository).ok
    assert not (tmp_path / "noted").exists()
    repo.commit("one")
    assert (tmp_path / "noted").exists()
    repo.git("update-ref", "-d", "HEAD")
    uninstall(repo.repository)
    assert snapshot(elsewhere) == tracked
    config = str(repo.path / ".git/config")
    assert snapshot(repo.path / ".git")[config] == before[config]


def test_configuration_that_another_git_is_changing(repo: Repo, shared: Path, stub_python: str) -> None:
    lock = repo.path / ".git/config.lock"
    lock.touch()
    before = snapshot(repo.path / ".git")
    with pytest.raises(RepositoryError, match="everything is as before"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert not (repo.path / ".git/contox").exists()
    lock.unlink()
    install(repo.repository, python=stub_python)
    lock.touch()
    before = snapshot(repo.path / ".git")
    with pytest.raises(Busy, match="another git is changing"):
        uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before
    lock.unlink()
    assert probe(repo.repository).ok


@pytest.mark.parametrize("step", range(1, 19))
def test_full_disk_at_any_step_changes_nothing(
    repo: Repo, shared: Path, stub_python: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """From the folder layout over to the detour; the step-th file cannot be written."""
    repo.git("config", "--unset", "core.hooksPath")
    _hook(repo.path / ".git/hooks", "post-commit", "#!/bin/sh\nexit 0\n")
    install(repo.repository, python=stub_python)
    repo.git("config", "core.hooksPath", "team hooks")
    before = snapshot(repo.path / ".git")
    real, count = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == step:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if step > 16:  # body, five hooks, nine forwarders, record; python is there already
        assert install(repo.repository, python=stub_python).changed
        return
    with pytest.raises(RepositoryError, match="No space left"):
        install(repo.repository, python=stub_python)
    assert snapshot(repo.path / ".git") == before
    assert not (repo.path / ".git/contox/hooks").exists()
