"""The shell text itself."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from contox_hooks.capture.install.hook import HOOKS, is_ours, shipped
from tests.hooks.foreground import SHELLS, SOURCE

FILES = [*HOOKS, "capture.sh"]


@pytest.mark.parametrize("name", FILES)
def test_every_shell_can_read_it(shell: str, name: str) -> None:
    done = subprocess.run([*SHELLS[shell], "-n", str(SOURCE / name)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("NOT CHECKED by shellcheck: it is not installed")
    files = [str(SOURCE / name) for name in FILES]
    done = subprocess.run(["shellcheck", "-x", "-s", "sh", *files], cwd=SOURCE.parent, capture_output=True, check=False)
    assert done.stdout.decode() == ""


@pytest.mark.parametrize("name", FILES)
def test_installer_knows_its_own(name: str) -> None:
    assert is_ours(SOURCE / name)
    assert (SOURCE / name).stat().st_mode & 0o111


def test_hooks_differ_in_nothing_but_their_name() -> None:
    source = shipped()
    texts = {source.hook(name).replace(name.encode(), b"NAME") for name in HOOKS}
    assert len(texts) == 1
