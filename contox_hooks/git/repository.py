"""Where a repository keeps its things: git dir, common dir, work tree. Right in linked worktrees, submodules, bare."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.domain.error import RepositoryError
from contox_hooks.git.run import GitFailed, run


@dataclass(frozen=True, slots=True)
class Repository:
    git_dir: Path
    """This worktree's own: equal to `common_dir` except in a linked worktree."""
    common_dir: Path
    """Shared by all worktrees; refs, objects and our `contox/` folder are here."""
    work_tree: Path | None = None
    """None in a bare repository, or when it is not known (drain: it never needs one)."""

    def git(self, *args: str, stdin: bytes | None = None, ok: tuple[int, ...] = (0,)) -> bytes:
        """Output of git run against the common directory, with no work tree. Raises GitFailed."""
        return run(self.common_dir, *args, stdin=stdin, ok=ok)

    def text(self, *args: str, ok: tuple[int, ...] = (0,)) -> str:
        return self.git(*args, ok=ok).decode("utf-8", "surrogateescape").rstrip("\n")


def locate(start: Path | None = None) -> Repository:
    """The repository that holds `start` (default: the working directory). Raises RepositoryError."""
    where = Path.cwd() if start is None else start
    try:
        git_dir, common_dir = _paths(where, "--git-dir", "--git-common-dir")
        top = _asked(where, "--show-toplevel", ok=(0, 128))
    except (GitFailed, ValueError, OSError) as error:
        raise _explained(where, error) from error
    top_path = os.fsdecode(top.removesuffix(b"\n"))
    return Repository(git_dir, common_dir, Path(top_path) if top_path else None)


def _paths(where: Path, *what: str) -> list[Path]:
    out = _asked(where, *what)
    if out.count(b"\n") != len(what):  # a folder's name holds a newline: ask one by one
        out_each = [_asked(where, one) for one in what]
    else:
        out_each = out.split(b"\n")[:-1]
    return [Path(os.fsdecode(path.removesuffix(b"\n"))) for path in out_each]


def _asked(where: Path, *what: str, ok: tuple[int, ...] = (0,)) -> bytes:
    """The one place where the caller's GIT_DIR and GIT_WORK_TREE count: they say which repository is meant."""
    named = {name: os.environ[name] for name in ("GIT_DIR", "GIT_WORK_TREE") if name in os.environ}
    return run(None, "rev-parse", "--path-format=absolute", *what, cwd=where, ok=ok, extra=named)


def from_git_dir(git_dir: Path) -> Repository:
    """A repository from its git directory alone, without starting git: the drain's way, a few file reads."""
    git_dir = git_dir.absolute()
    if git_dir.is_file():
        pointer = git_dir.read_text(errors="surrogateescape").partition("gitdir: ")[2].rstrip("\n")
        git_dir = Path(os.path.normpath(git_dir.parent / pointer))
    common = git_dir
    commondir = git_dir / "commondir"
    if commondir.is_file():
        common = Path(os.path.normpath(git_dir / commondir.read_text(errors="surrogateescape").rstrip("\n")))
    if not (common / "objects").is_dir():
        raise RepositoryError(f"{git_dir} is not a git directory")
    return Repository(git_dir, common)


def _explained(where: Path, error: Exception) -> RepositoryError:
    text = str(error)
    if isinstance(error, GitFailed) and error.returncode == 127:
        return RepositoryError("git is not installed, or not on PATH", hint="install git 2.31 or newer")
    if "dubious ownership" in text:
        from shlex import quote  # a stranger named this folder

        return RepositoryError(
            f"git refuses {where}: it belongs to another user",
            hint=f"git config --global --add safe.directory {quote(str(where))}",
        )
    return RepositoryError(f"not a git repository: {where}", hint="cd into one, or: git init")
