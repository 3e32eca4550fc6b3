"""Every test runs in a sealed world: its own HOME, git configuration, identity and data folders."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gitrepo import Repo
from tests.postgres import _emptied, empty_postgres_url, nowhere, postgres_server, postgres_url, where  # noqa: F401

GITCONFIG = """\
[user]
\tname = Ada Example
\temail = ada@example.org
[init]
\tdefaultBranch = main
[advice]
\tdetachedHead = false
[protocol "file"]
\tallow = always
[gc]
\tauto = 0
"""


# A shell starts what runs in its background with SIGINT ignored, and programs inherit that: tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def sealed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sealed HOME; the user's own git, editor and data are out of reach."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "CONTOX_", "PRE_COMMIT", "XDG_", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION")):
            monkeypatch.delenv(name)
    config = home / ".gitconfig"
    config.write_text(GITCONFIG)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_EDITOR", "true")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(home.parent))
    monkeypatch.setenv("CONTOX_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("CONTOX_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("CONTOX_KEYRING", "off")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TZ", "UTC")
    return home


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[..., Repo]:
    def make(name: str = "work", **init: object) -> Repo:
        return Repo(tmp_path / name, **init)  # type: ignore[arg-type]

    return make


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    return make_repo()


@pytest.fixture
def need() -> Callable[[str], str]:
    """The path of a program that a test cannot do without: skips where it is absent, fails in CI."""

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            message = f"{program} is not installed"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find
