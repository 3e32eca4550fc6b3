"""git's configuration hooks, from git 2.54 on. Needs such a git: on PATH, or named in CONTOX_TEST_GIT."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.capture.install import HOOKS, HookState, Layout, install, place, probe, uninstall, wiring
from contox_hooks.git.repository import locate
from tests.gitrepo import Repo
from tests.hooks.foreground import recording_hook
from tests.install.tree import snapshot

pytestmark = pytest.mark.usefixtures("newer_git")


def _records(repo: Repo) -> list[list[str]]:
    spool = repo.path / ".git/contox/spool"
    return [line.split(" ") for line in spool.read_text().splitlines() if line] if spool.exists() else []


def _hook(repo: Repo, name: str, text: str) -> None:
    path = repo.path / ".git/hooks" / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("hooks_path", [None, "team", "/dev/null"])
def test_uninstalling_leaves_no_trace(repo: Repo, stub_python: str, hooks_path: str | None) -> None:
    if hooks_path:
        repo.git("config", "core.hooksPath", hooks_path)
    before = snapshot(repo.path / ".git")
    done = install(repo.repository, python=stub_python)
    assert (done.layout, done.hooks, done.changed) == (Layout.CONFIGURATION, HOOKS, True)
    assert wiring(repo.repository).is_whole
    assert probe(repo.repository).ok
    assert not install(repo.repository, python=stub_python).changed
    hooks = {path: what for path, what in snapshot(repo.path / ".git").items() if "/.git/hooks" in path}
    assert hooks == {path: what for path, what in before.items() if "/.git/hooks" in path}
    uninstall(repo.repository)
    assert snapshot(repo.path / ".git") == before


def test_records_beside_the_users_own_hooks(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    first = repo.commit("one")
    _hook(repo, "post-rewrite", recording_hook(tmp_path / "folder"))
    (tmp_path / "configured").write_text(recording_hook(tmp_path / "noted"))
    (tmp_path / "configured").chmod(0o755)
    repo.git("config", "hook.mine.command", str(tmp_path / "configured"))
    repo.git("config", "hook.mine.event", "post-rewrite")
    install(repo.repository, python=stub_python)
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "better", env=repo.times())
    pair = f"{first} {repo.head()}"
    assert _records(repo)[-2:] == [
        ["1", "post-rewrite", repo.head(), "-", "amend"],
        ["1", "pair", "amend", *pair.split()],
    ]
    assert (tmp_path / "folder").read_text() == f"<amend>\n{pair}\n"
    assert (tmp_path / "noted").read_text() == f"<amend>\n{pair}\n"


def test_probe_runs_no_hook_of_the_users(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    _hook(repo, "post-commit", recording_hook(tmp_path / "folder"))
    repo.git("config", "hook.mine.command", f"touch '{tmp_path}/configured'")
    repo.git("config", "hook.mine.event", "post-commit")
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
    assert not (tmp_path / "folder").exists()
    assert not (tmp_path / "configured").exists()
    repo.commit("one")
    assert (tmp_path / "folder").exists()
    assert (tmp_path / "configured").exists()


def test_linked_worktree(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    repo.commit("one")
    install(repo.repository, python=stub_python)
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    assert [record[3] for record in _records(repo) if record[1] == "post-checkout"] == ["+"]
    assert probe(locate(linked)).ok


@pytest.mark.parametrize("switch", ["hook.contox-post-commit.enabled", "hook.post-commit.enabled"])
def test_switched_off(repo: Repo, stub_python: str, switch: str) -> None:
    install(repo.repository, python=stub_python)
    repo.git("config", switch, "false")
    seen = wiring(repo.repository)
    assert seen.hooks[0].state is HookState.SHADOWED
    assert [(problem.text, problem.command) for problem in seen.problems] == [
        (f"post-commit: switched off by {switch}", f"git config --unset {switch}")
    ]
    assert probe(repo.repository).ok is False
    repo.commit("one")
    assert not [record for record in _records(repo) if record[1] == "post-commit"]


@pytest.mark.parametrize("hooks_path", [None, "team"])
def test_installation_of_an_older_git_moves_over(
    repo: Repo, stub_python: str, monkeypatch: pytest.MonkeyPatch, hooks_path: str | None
) -> None:
    _hook(repo, "post-commit", "#!/bin/sh\nexit 0\n")
    if hooks_path:
        repo.git("config", "core.hooksPath", hooks_path)
    before = snapshot(repo.path / ".git")
    with monkeypatch.context() as patch:
        patch.setattr(place, "git_version", lambda: (2, 39))
        assert install(repo.repository, python=stub_python).layout is not Layout.CONFIGURATION
    assert wiring(repo.repository).fires  # git was upgraded, and nothing had to be done
    assert probe(repo.repository).ok
    assert install(repo.repository, python=stub_python).layout is Layout.CONFIGURATION
    assert wiring(repo.repository).is_whole
    repo.commit("one")
    assert len([record for record in _records(repo) if record[1] == "post-commit"]) == 1
    with monkeypatch.context() as patch:
        patch.setattr(place, "git_version", lambda: (2, 39))
        assert "does not read hook.*" in wiring(repo.repository).problems[-1].text
        install(repo.repository, python=stub_python)
        assert wiring(repo.repository).is_whole
    repo.git("update-ref", "-d", "HEAD")
    uninstall(repo.repository)
    config, hooks = str(repo.path / ".git/config"), str(repo.path / ".git/hooks")
    after = snapshot(repo.path / ".git")
    assert {k: v for k, v in after.items() if k.startswith((config, hooks))} == {
        k: v for k, v in before.items() if k.startswith((config, hooks))
    }


def test_repository_that_was_moved_prints_nothing(repo: Repo, stub_python: str, tmp_path: Path) -> None:
    repo.commit("one")
    install(repo.repository, python=stub_python)
    repo.path = repo.path.rename(tmp_path / "moved")
    done = repo.run("checkout", "-q", "-b", "side")
    assert (done.returncode, done.stderr) == (0, b"")
    assert not wiring(repo.repository).fires
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok


def test_several_worktree_hooks_paths_do_not_matter(repo: Repo, stub_python: str) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "core.hooksPath", "of this worktree")
    install(repo.repository, python=stub_python)
    assert probe(repo.repository).ok
