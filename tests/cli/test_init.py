"""`init`: in any repository, again and again; what it says, what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from contox_hooks.assembly import Assembly
from tests.cli.conftest import HISTORY, Call
from tests.gitrepo import Repo


def test_one_command_makes_memory_of_the_history(told_repo: Repo, call: Call) -> None:
    told = call("init")
    assert told.code == 0, told.err
    first, hooks, history, memory, *_ = told.out.splitlines()
    assert first == f"work: captured from now on ({told_repo.path})"
    assert hooks == "  hooks    5 hooks installed"
    assert history.startswith("  history  4 commits captured, ")
    assert memory.startswith("  memory   ")
    assert "keep events in SQLite" in told.out
    assert told.err.startswith("4 commits in ")
    assert (told_repo.path / ".git" / "hooks" / "post-commit").exists()
    assert told_repo.git("status", "--porcelain") == ""


def test_again_it_says_what_is_there_and_changes_nothing(told_repo: Repo, call: Call) -> None:
    before = call("init", "--json").json
    after = call("init", "--json")
    assert (before["first"], after.json["first"]) == (True, False)
    assert (before["hooks"]["changed"], after.json["hooks"]["changed"]) == (True, False)
    assert (before["history"]["captured"], after.json["history"]["captured"]) == (4, 0)
    assert after.json["history"]["known"] == 4
    assert after.json["items"] == before["items"]
    assert after.json["project"] == before["project"]
    assert not after.err
    assert "captured already" in call("init").out


def test_it_goes_on_where_it_stopped(told_repo: Repo, call: Call) -> None:
    assert call("init", "--history", "1", "--json").json["history"]["captured"] == 1
    more = call("init", "--all", "--json").json["history"]
    assert (more["captured"], more["known"]) == (3, 1)


def test_how_far_back(told_repo: Repo, call: Call) -> None:
    assert call("init", "--no-history", "--no-hooks", "--json").json["history"] is None
    assert call("init", "--since", "2100-01-01", "--no-hooks", "--json").json["history"]["captured"] == 0
    assert call("init", "--since", "2001-01-01", "--no-hooks", "--json").json["history"]["captured"] == 4
    told = call("init", "--all", "--since", "2001-01-01")
    assert (told.code, told.err.count("\n")) == (2, 2)
    assert "--since and --all contradict each other" in told.err


def test_fields(told_repo: Repo, call: Call) -> None:
    found = call("init", "--name", "ledger", "--json").json
    assert set(found) == {"repository", "project", "first", "hooks", "history", "items", "learnt", "notes"}
    assert found["project"]["name"] == "ledger"
    assert set(found["hooks"]) == {"layout", "changed", "hooks", "problems", "notes"}
    assert set(found["history"]) == {"captured", "known", "missing", "undelivered", "sessions", "failed", "spent"}
    assert 1 <= len(found["learnt"]) <= found["items"]
    assert all(item["title"] and item["type"] and item["schema_key"] for item in found["learnt"])


def test_before_the_first_commit(repo: Repo, call: Call) -> None:
    told = call("init")
    assert told.code == 0, told.err
    assert "there are no commits yet" in told.out
    repo.commit("feat: first", {"a.py": "def first() -> int:\n    return 1\n"}, now=True)
    assert call("init", "--json").json["history"]["known"] == 1  # the drain found it, as work done here


def test_in_a_bare_repository(told_repo: Repo, call: Call, make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    told_repo.git("clone", "-q", "--bare", str(told_repo.path), str(tmp_path / "bare.git"))
    told = call("init", "--json", at=tmp_path / "bare.git")
    assert told.json["history"]["captured"] == 4
    assert any("bare" in text for text in told.json["hooks"]["notes"])


def test_a_linked_worktree_and_a_subfolder_are_the_same_repository(told_repo: Repo, call: Call) -> None:
    told_repo.git("worktree", "add", "-q", "../side")
    one = call("init", "--json", at=told_repo.path.parent / "side").json
    two = call("init", "--json", at=told_repo.path / "store").json
    assert one["project"] == two["project"]
    assert one["repository"] == two["repository"] == str(told_repo.path / ".git")
    assert (one["first"], two["first"]) == (True, False)


def test_a_submodule_is_a_repository_of_its_own(
    told_repo: Repo, call: Call, make_repo: Callable[..., Repo]
) -> None:  # fmt: skip
    outer = make_repo("outer")
    outer.git("submodule", "add", "-q", str(told_repo.path), "inner")
    outer.commit("chore: take it in")
    found = call("init", "--json", at=outer.path / "inner").json
    assert found["repository"] == str(outer.path / ".git" / "modules" / "inner")
    assert found["history"]["captured"] == 4


def test_hooks_that_cannot_be_installed_do_not_stop_it(told_repo: Repo, call: Call) -> None:
    hooks = told_repo.path / ".git" / "hooks"
    if hooks.is_dir():
        for path in hooks.iterdir():
            path.unlink()
        hooks.rmdir()
    hooks.write_text("in the way")
    told = call("init", "--json")
    assert told.code != 0
    assert told.json["history"]["captured"] == 4
    assert told.json["hooks"] is None
    assert '"error"' in told.err.splitlines()[-1]


def test_not_a_repository(call: Call, tmp_path: Path) -> None:
    told = call("init", at=tmp_path)
    assert (told.code, told.out) == (3, "")
    assert told.err.startswith(f"contox-hooks: not a git repository: {tmp_path}\n  → ")
    assert call("init", "--json", at=tmp_path).error["code"] == "repository"


def test_without_git(told_repo: Repo) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "contox_hooks", "init"],
        cwd=told_repo.path,
        env={"PATH": "/nonexistent", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("contox-hooks: git is not installed, or not on PATH\n")


def test_nothing_of_the_history_is_own_work(learnt: Repo) -> None:
    parts = Assembly(learnt.repository)
    assert parts.service.sessions.page(parts.project.id, source="git-hooks") == []
    sessions = parts.service.sessions.page(parts.project.id)
    assert sum(session.event_count for session in sessions) == len(HISTORY)
