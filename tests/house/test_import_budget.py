"""Invariant 1: the hook's path imports nothing heavy, and a commit is delivered on the standard library alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from contox_hooks.connection import Connection, keep_connection
from tests.gitrepo import Repo

HEAVY = {
    "typer",
    "click",
    "rich",
    "httpx",
    "cryptography",
    "keyring",
    "git",
    "yaml",
    "sqlalchemy",
    "fastapi",
    "numpy",
    "tokenizers",
    "ulid",
}

SCRIPT = """
import json, sys
sys.argv = ["wake", sys.argv[1]]
from contox_hooks import wake
wake.main(sys.argv[1:])
print(json.dumps(sorted(sys.modules)))
"""


def modules_after_wake(repo: Repo) -> set[str]:
    common = str(repo.repository.common_dir)
    done = subprocess.run([sys.executable, "-c", SCRIPT, common], capture_output=True, check=True, text=True)
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_a_drain_with_nothing_to_do_loads_the_standard_library_only(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    repo.commit("start")
    assert not modules_after_wake(repo) & HEAVY


def test_a_drain_that_delivers_a_commit_loads_no_heavy_package_either(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    repo.commit("start")
    modules_after_wake(repo)
    repo.commit("work", {"a.txt": "1\n"}, now=True)
    assert not modules_after_wake(repo) & HEAVY
    log = repo.repository.common_dir / "contox" / "log"
    assert not log.exists(), log.read_text()


def test_a_drain_in_a_connected_repository_leaves_http_to_the_sender(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    repo.commit("start")
    modules_after_wake(repo)
    state = repo.repository.common_dir / "contox"
    keep_connection(state, Connection("http://127.0.0.1:9", "team", "project", paused=True))
    repo.commit("work", {"a.txt": "1\n"}, now=True)
    assert not modules_after_wake(repo) & HEAVY
