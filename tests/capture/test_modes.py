"""The operation table with real hooks: ours, and those of the pre-commit framework. Hooks off is test_operations.py."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.capture.install import install
from contox_hooks.capture.mark import Mark, is_alive
from tests.capture.conftest import Captured
from tests.capture.test_operations import check
from tests.gitrepo import Repo
from tests.operation import OPERATIONS, Operation

HOOKS = Path(__file__).parents[2] / "hooks"
FRAMEWORK = """\
default_install_hook_types: [post-commit, post-checkout, post-merge, post-rewrite]
repos:
  - repo: local
    hooks:
"""


def settle(captured: Captured) -> None:
    """Wait for the drain that a hook started, then look once more, as any verb of the command line does."""
    mark = captured.assembly.state.mark
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            words = mark.read_text().split()
        except FileNotFoundError:
            break
        if not words or not is_alive(int(words[0])) or not Mark(mark).is_up_elsewhere():
            break
        time.sleep(0.05)
    captured.drain(wait_s=30)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_hooks_on(
    operation: Operation, repo: Repo, capture: Callable[[Repo], Captured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    repo.commit("start", {"file.txt": "a\n"})
    operation.prepare(repo)
    captured = capture(repo)
    captured.drain()
    install(repo.repository)
    operation.act(repo)
    settle(captured)
    check(operation, captured)
    assert not captured.assembly.state.log.exists(), captured.assembly.state.log.read_text()


@pytest.fixture(scope="session")
def framework_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the framework's environment has in its `bin`: our sh programs beside a python."""
    folder = tmp_path_factory.mktemp("framework") / "bin"
    folder.mkdir()
    for source in HOOKS.iterdir():
        name = f"contox-{source.name}"
        (folder / name).write_bytes(source.read_bytes())
        (folder / name).chmod(0o755)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_under_the_framework(
    operation: Operation,
    repo: Repo,
    capture: Callable[[Repo], Captured],
    framework_bin: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    config = FRAMEWORK
    for stage in ("post-commit", "post-checkout", "post-merge", "post-rewrite"):
        config += (
            f"      - {{id: contox-{stage}, name: {stage}, entry: '{framework_bin}/contox-{stage}', language: system,"
            f" stages: [{stage}], always_run: true, pass_filenames: false}}\n"
        )
    repo.commit("start", {"file.txt": "a\n", ".pre-commit-config.yaml": config})
    operation.prepare(repo)
    captured = capture(repo)
    captured.drain()
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=repo.path, check=True, capture_output=True, env=os.environ
    )
    operation.act(repo)
    settle(captured)
    check(operation, captured)
