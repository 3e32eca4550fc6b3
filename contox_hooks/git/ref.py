"""All refs and every worktree's HEAD, as they are now: the one journal that missed nothing (FACTS.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, run

NOISE = (
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
    fetched: frozenset[str] = frozenset()
    """What the latest fetch of each worktree brought, also from a URL that no remote-tracking ref stands for."""


def read_refs(repo: Repository) -> Refs:
    """One `for-each-ref`; HEADs are read from their files. Raises GitFailed."""
    targets = {name: sha for name, sha in _commit_refs(repo) if not name.startswith(NOISE)}
    folders = _git_dirs(repo)
    heads = tuple(_head(folder, worktree, targets) for worktree, folder in folders)
    fetched = (_first_words(folder / "FETCH_HEAD") for _, folder in folders)
    return Refs(targets, heads, frozenset(sha for words in fetched for sha in words))


def _commit_refs(repo: Repository) -> Iterator[tuple[str, str]]:
    fields = ("refname", "objectname", "objecttype", "*objectname", "*objecttype")
    try:
        out = repo.git("for-each-ref", f"--format={'%00'.join(f'%({field})' for field in fields)}")
    except GitFailed:  # one ref without its object stops it; names and ids alone need none
        yield from _checked_refs(repo)
        return
    for line in _text(out).split("\n"):
        name, *rest = line.split("\0")
        if rest and rest[1] == "commit":
            yield name, rest[0]
        elif rest and rest[3] == "commit":
            yield name, rest[2]


def _checked_refs(repo: Repository) -> Iterator[tuple[str, str]]:
    names = [
        line.split("\0") for line in _text(repo.git("for-each-ref", "--format=%(refname)%00%(objectname)")).split("\n")
    ]
    refs = [(pair[0], pair[1]) for pair in names if len(pair) == 2]
    asked = "".join(f"{sha}^{{commit}}\n" for _, sha in refs).encode()
    answers = repo.git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).decode().splitlines()
    for (name, _), answer in zip(refs, answers, strict=True):
        sha, _, kind = answer.partition(" ")
        if kind == "commit":
            yield name, sha


def _text(out: bytes) -> str:
    return out.decode("utf-8", "surrogateescape")


def _git_dirs(repo: Repository) -> list[tuple[str, Path]]:
    """Each worktree's name ("" for the main one) and its own git directory."""
    try:
        linked = sorted((repo.common_dir / "worktrees").iterdir())
    except OSError:
        linked = []
    return [("", repo.common_dir), *((folder.name, folder) for folder in linked if (folder / "HEAD").is_file())]


def _first_words(path: Path) -> list[str]:
    try:
        return [line.partition("\t")[0] for line in path.read_text("utf-8", "replace").split("\n") if line]
    except OSError:
        return []


def _head(git_dir: Path, worktree: str, targets: dict[str, str]) -> Head:
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
    rebasing = branch is None and _has_rebase(git_dir)
    merge, apply = git_dir / "rebase-merge", git_dir / "rebase-apply"
    return Head(
        worktree,
        sha or None,
        branch,
        rebasing=rebasing,
        rebased_branch=(_first_line(merge / "head-name") or _first_line(apply / "head-name")) if rebasing else None,
        bisecting=(git_dir / "BISECT_START").exists(),
    )


def rebasing(repo: Repository) -> list[str]:
    """Worktrees in the middle of a rebase ("" is the main one): their commits are looked at when it is over."""
    return [
        worktree
        for worktree, git_dir in _git_dirs(repo)
        if _has_rebase(git_dir) and _head(git_dir, worktree, {}).rebasing
    ]


def _has_rebase(git_dir: Path) -> bool:
    """Also one left lying about: with HEAD on a branch again, what the user commits there is finished work."""
    return (git_dir / "rebase-merge").is_dir() or (git_dir / "rebase-apply" / "rebasing").exists()


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def _asked(git_dir: Path, *args: str) -> str:
    return run(git_dir, *args, ok=(0, 1)).decode("utf-8", "surrogateescape").strip()
