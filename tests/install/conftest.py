from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from contox_hooks.capture.install import place
from contox_hooks.git.config import git_version


@pytest.fixture
def older_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layouts of a git without configuration hooks; they work in every git."""
    monkeypatch.setattr(place, "git_version", lambda: (2, 39))


@pytest.fixture
def newer_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """A git with configuration hooks, from CONTOX_TEST_GIT or PATH."""
    named = NAMED_GIT
    if named:
        monkeypatch.setenv("PATH", f"{Path(named).parent}{os.pathsep}{os.environ['PATH']}")
    if git_version() < place.CONFIGURED_SINCE:
        pytest.skip("NOT TESTED: configuration hooks need git 2.54; name one in CONTOX_TEST_GIT")


NAMED_GIT = os.environ.get("CONTOX_TEST_GIT", "")  # read before the seal takes CONTOX_* away


@pytest.fixture
def stub_python(tmp_path: Path) -> str:
    """Something harmless for hooks to start."""
    return shutil.which("true") or "/bin/true"
