"""Our hooks in a repository's own hooks folder, without the installer; and a stand-in for Python that counts its starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from contox_hooks.capture.install.hook import BODY, HOOKS
from tests.gitrepo import Repo

SOURCE = Path(__file__).parents[2] / "hooks"
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
_DEADLINE_S = 20


class Hooked:
    """A repository with the five hooks, its state folder, and a `python` that only notes that it was started."""

    def __init__(self, repo: Repo, folder: Path) -> None:
        """`folder`: the common git directory."""
        self.repo = repo
        self.folder = folder / "hooks"
        self.state = folder / "contox"
        self.state.mkdir(exist_ok=True)
        self.folder.mkdir(exist_ok=True)
        outside = Path(tempfile.mkdtemp(prefix="stub ", dir=repo.path.parent))
        self.python = outside / "python"
        self._starts = outside / "starts"
        self.python.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{_quoted(self._starts)}'\n")
        self.python.chmod(0o755)
        (self.state / "python").write_text(f"{self.python}\n")
        shutil.copy(SOURCE / "capture.sh", self.folder / BODY)
        for name in HOOKS:
            shutil.copy(SOURCE / name, self.folder / name)

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    @property
    def mark(self) -> Path:
        return self.state / "drain.mark"

    def records(self) -> list[list[str]]:
        if not self.spool.exists():
            return []
        return [line.split(" ") for line in self.spool.read_text().splitlines() if line]

    def run(
        self, shell: str, name: str, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """The hook as git starts it, in a shell of choice."""
        return subprocess.run(
            [*SHELLS[shell], os.path.relpath(self.folder / name, self.repo.path), *args],
            cwd=self.repo.path,
            input=stdin,
            env={**os.environ, **(env or {})},
            capture_output=True,
            check=False,
            timeout=_DEADLINE_S,
        )

    @property
    def beside(self) -> Path:
        """A folder for what tests note down."""
        return self.python.parent

    def chain(self, name: str, exit_code: int = 0) -> Path:
        """A hook of the user's after ours; it notes its arguments and standard input and ends with this code."""
        noted = self.beside / f"chained {name}"
        chained = self.folder / f"{name}.contox-chained"
        chained.write_text(recording_hook(noted, exit_code))
        chained.chmod(0o755)
        return noted

    def starts(self, at_least: int) -> list[str]:
        """What Python was started with, once it was started that often. Fails when it is not."""
        wait_until(lambda: len(self._started()) >= at_least)
        return self._started()

    def _started(self) -> list[str]:
        return self._starts.read_text().splitlines() if self._starts.exists() else []


def wait_until(condition: Callable[[], bool]) -> None:
    """For what a background process does. Fails when it does not come true."""
    until = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def recording_hook(noted: Path, exit_code: int = 0) -> str:
    """A hook that appends its arguments and standard input to a file."""
    path = _quoted(noted)
    return f"#!/bin/sh\n{{ printf '<%s>' \"$@\"; echo; cat; }} >> '{path}'\nexit {exit_code}\n"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "'\\''")
