"""All refs and every worktree's HEAD, as they are now: the one journal that missed nothing (FACTS.md)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import run

_NOISE = (
    "refs/stash",
    "refs/notes/",
    "refs/bisect/",
    "refs/original/",
    "refs/rewritten/",
    "refs/worktree/",
    "refs/prefetch/",
)
"""Never a place where finished work stands: a stash's commits, notes, a bisection's or rewrite's own bookkeeping."""


class Head(NamedTuple):
    """One worktree's HEAD. `sha` is None while unborn; `branch` is a full ref name, None while detached."""

    worktree: str
    """"" for the main one, else its name under `worktrees/`."""
    sha: str | None
    branch: str | None
    rebasing: bool = False
    rebased_branch: str | None = None
    """The branch that a rebase under way will move when it is over."""
    bisecting: bool = False

    @property
    def name(self) -> str:
        return f"worktrees/{self.worktree}/HEAD" if self.worktree else "HEAD"


class Refs(NamedTuple):
    targets: dict[str, str]
    """Full ref name to the commit it stands for (tags peeled). Refs to anything but commits are left out."""
    heads: tuple[Head, ...] = ()


def read_refs(repo: Repository) -> Refs:
    """One `for-each-ref`; HEADs are read from their files. Raises GitFailed."""
    out = repo.git(
        "for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)"
    )
    targets: dict[str, str] = {}
    for line in out.decode("utf-8", "surrogateescape").split("\n"):
        name, *rest = line.split("\0")
        if not rest or name.startswith(_NOISE):
            continue
        sha, kind, peeled, peeled_kind = rest
        if kind == "commit":
            targets[name] = sha
        elif peeled_kind == "commit":
            targets[name] = peeled
    return Refs(targets, tuple(_heads(repo, targets)))


def _heads(repo: Repository, targets: dict[str, str]) -> list[Head]:
    heads = [_head(repo, repo.common_dir, "", targets)]
    try:
        folders = sorted((repo.common_dir / "worktrees").iterdir())
    except OSError:
        folders = []
    heads += [_head(repo, folder, folder.name, targets) for folder in folders if (folder / "HEAD").is_file()]
    return heads


def _head(repo: Repository, git_dir: Path, worktree: str, targets: dict[str, str]) -> Head:
    text = _first_line(git_dir / "HEAD")
    branch: str | None = None
    if text == "ref: refs/heads/.invalid":  # reftable keeps HEAD elsewhere
        branch = _asked(git_dir, "symbolic-ref", "-q", "HEAD") or None
        sha = targets.get(branch) if branch else _asked(git_dir, "rev-parse", "-q", "--verify", "HEAD")
    elif text.startswith("ref: "):
        branch = text[5:]
        sha = targets.get(branch)
    else:
        sha = text
    merge, apply = git_dir / "rebase-merge", git_dir / "rebase-apply"
    rebasing = merge.is_dir() or (apply / "rebasing").exists()
    return Head(
        worktree,
        sha or None,
        branch,
        rebasing=rebasing,
        rebased_branch=(_first_line(merge / "head-name") or _first_line(apply / "head-name")) if rebasing else None,
        bisecting=(git_dir / "BISECT_START").exists(),
    )


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def _asked(git_dir: Path, *args: str) -> str:
    return run(git_dir, *args, ok=(0, 1)).decode("utf-8", "surrogateescape").strip()
