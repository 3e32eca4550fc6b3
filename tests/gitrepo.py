"""A real git repository in a temporary folder, driven as a user would drive it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from contox_hooks.git.repository import Repository, locate

EPOCH = 1_760_000_000
"""Fixed clock of test commits, seconds since the epoch; later commits count up in minutes."""


class Repo:
    def __init__(self, path: Path, *, bare: bool = False, init: bool = True, object_format: str = "sha1") -> None:
        self.path = path
        self._minutes = 0
        if init:
            path.mkdir(parents=True, exist_ok=True)
            flags = ["--bare"] if bare else []
            self.git("init", "-q", "-b", "main", f"--object-format={object_format}", *flags)

    def run(
        self, *args: str, env: Mapping[str, str] | None = None, input: str | bytes | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        data = input.encode() if isinstance(input, str) else input
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            env={**os.environ, **(env or {})},
            input=data if data is not None else b"",
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {args} -> {done.returncode}\n{done.stdout!r}\n{done.stderr!r}")
        return done

    def git(
        self, *args: str, env: Mapping[str, str] | None = None, input: str | bytes | None = None, check: bool = True
    ) -> str:
        return self.run(*args, env=env, input=input, check=check).stdout.decode(errors="surrogateescape").rstrip("\n")

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def times(self, at: int | None = None) -> dict[str, str]:
        """Author and committer date for the next commit."""
        if at is None:
            self._minutes += 1
            at = EPOCH + 60 * self._minutes
        return {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}

    def commit(
        self,
        message: str = "work",
        files: Mapping[str, str | bytes] | None = None,
        *,
        at: int | None = None,
        now: bool = False,
        args: tuple[str, ...] = (),
    ) -> str:
        """Write the files, add everything, commit (empty commits allowed); the new id. `now` leaves git its clock."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "-A")
        env = {} if now else self.times(at)
        self.git("commit", "-q", "--allow-empty", "-m", message, *args, env=env)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def repository(self) -> Repository:
        return locate(self.path)
