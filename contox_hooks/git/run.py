"""One way to start git: in a scrubbed environment, taking no locks, fetching nothing, never asking anything.

git exports GIT_INDEX_FILE and GIT_DIR into hooks (FACTS.md); passed on, they would make a background reader work on the
wrong repository or index. Every `GIT_*` goes, except what names the user's own configuration.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from contox_hooks.domain.error import RepositoryError

_KEPT = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES"}
_IDENTITY = {"GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME"}
_SET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",  # git 2.44 on
    "GIT_ALLOW_PROTOCOL": "none",  # before it: a lazy fetch from a promisor finds no transport that is allowed
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


class GitFailed(RepositoryError):
    """git answered with an exit code that the caller did not expect. `stderr` is git's own first lines."""

    code = "git"

    def __init__(self, args: Sequence[str], returncode: int, stderr: str) -> None:
        super().__init__(f"git {' '.join(args[:6])} failed ({returncode}): {stderr.strip()[:500]}")
        self.returncode = returncode
        self.stderr = stderr


def git_environment(base: dict[str, str] | None = None) -> dict[str, str]:
    environment = {
        name: value
        for name, value in (os.environ if base is None else base).items()
        if not name.startswith("GIT_") or name in _KEPT or name in _IDENTITY
    }
    environment.update(_SET)
    return environment


def command(git_dir: Path | None, args: Sequence[str], config: Sequence[str] = ()) -> list[str]:
    line = ["git"]
    if git_dir is not None:
        line.append(f"--git-dir={git_dir}")
    for pair in config:
        line += ["-c", pair]
    return [*line, *args]


def run(
    git_dir: Path | None,
    *args: str,
    stdin: bytes | None = None,
    config: Sequence[str] = (),
    ok: Sequence[int] = (0,),
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """git's standard output. Raises GitFailed on an exit code outside `ok`, and when git is not installed.

    `extra` is added to git's environment, for the hooks that it runs.
    """
    try:
        done = subprocess.run(
            command(git_dir, args, config),
            input=b"" if stdin is None else stdin,
            capture_output=True,
            env={**git_environment(), **(extra or {})},
            cwd=cwd,
            check=False,
        )
    except OSError as error:
        raise GitFailed(args, 127, str(error)) from error
    if done.returncode not in ok:
        raise GitFailed(args, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


@contextmanager
def stream(
    git_dir: Path,
    *args: str,
    stdin: IO[bytes] | int | None = None,
    stderr: int = subprocess.DEVNULL,
    config: Sequence[str] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A running git whose standard output is read as it comes; it is killed when the block is left early.

    Who asks for `stderr` as a pipe must empty it meanwhile, or a git with many warnings waits for ever.
    """
    process = subprocess.Popen(
        command(git_dir, args, config),
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=git_environment(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
