"""`install` and `uninstall` as they speak; what they do to files is tests/install's."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.lock import FileLock
from tests.cli.conftest import Call
from tests.gitrepo import Repo

NAMES = ["post-commit", "post-checkout", "post-merge", "post-rewrite", "post-applypatch"]


def test_each_hook_is_named_with_what_runs_after_it(repo: Repo, call: Call) -> None:
    own = repo.write(".git/hooks/post-merge", "#!/bin/sh\n")
    own.chmod(0o755)
    told = call("install", "--json").json
    assert set(told) == {"layout", "changed", "hooks", "problems", "notes"}
    assert (told["layout"] in ("folder", "configuration"), told["changed"], told["problems"]) == (True, True, [])
    assert [(hook["name"], hook["state"]) for hook in told["hooks"]] == [(name, "installed") for name in NAMES]
    if told["layout"] == "folder":
        assert [hook["name"] for hook in told["hooks"] if hook["chained"]] == ["post-merge"]
    told_again = call("install")
    assert told_again.out.startswith("hooks in place already:\n")
    assert all(name in told_again.out for name in NAMES)


def test_uninstall_keeps_what_was_captured_and_says_so(learnt: Repo, call: Call) -> None:
    before = sorted(path.name for path in (learnt.path / ".git" / "hooks").glob("*"))
    call("install")
    told = call("uninstall")
    assert told.code == 0
    state = learnt.path / ".git" / "contox"
    assert told.out.splitlines() == [
        "hooks taken out, everything outside .git/contox is as it was",
        f"what was captured stays in {state}; to delete it: contox-hooks uninstall --purge",
    ]
    assert (state / "capture.db").exists()
    assert sorted(path.name for path in (learnt.path / ".git" / "hooks").glob("*")) == before
    assert call("uninstall", "--json").json == {"changed": False, "purged": False, "kept": str(state), "notes": []}


def test_purge_asks_first(learnt: Repo, call: Call) -> None:
    state = learnt.path / ".git" / "contox"
    told = call("uninstall", "--purge")  # no terminal to ask on
    assert (told.code, told.out) == (9, "")
    assert told.err.endswith("if that is meant: contox-hooks uninstall --purge --yes\n")
    assert state.exists()
    told = call("uninstall", "--purge", "--yes", "--json")
    assert told.json["purged"]
    assert told.json["kept"] is None
    assert not state.exists()


def test_after_a_purge_it_can_begin_again(learnt: Repo, call: Call) -> None:
    items = call("memory", "--json").json["total"]
    call("uninstall", "--purge", "--yes")
    assert call("status").code == 5
    again = call("init", "--no-hooks", "--json").json
    assert again["history"]["captured"] == 4
    assert again["items"] == items  # the memory knew these commits already


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_outside_a_repository(verb: str, call: Call, tmp_path: Path) -> None:
    assert call(verb, at=tmp_path).code == 3
    assert call(verb, "--json", at=tmp_path).error["code"] == "repository"


def test_purge_waits_for_a_drain_that_lingers(learnt: Repo, call: Call) -> None:
    lock = FileLock(Assembly(learnt.repository).state.lock)
    assert lock.take()
    end = threading.Timer(0.3, lock.release)
    end.start()
    told = call("uninstall", "--purge", "--yes")
    end.join()
    assert told.code == 0, told.err
    assert not (learnt.path / ".git" / "contox").exists()
