from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.gitrepo import Repo
from tests.hooks.foreground import SHELLS, Hooked


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"NOT TESTED under {name}: it is not installed")
    return name


@pytest.fixture
def hooked(repo: Repo) -> Hooked:
    return Hooked(repo, repo.path / ".git")


@pytest.fixture(params=["plain", "two words", 'it\'s "quoted" $HOME', "größe-学", "line\nbreak"])
def awkward(request: pytest.FixtureRequest, make_repo: Callable[..., Repo]) -> Hooked:
    """A repository whose folder has a difficult name."""
    repo = make_repo(request.param)
    return Hooked(repo, repo.path / ".git")
