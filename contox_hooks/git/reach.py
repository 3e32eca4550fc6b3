"""Which commits nothing holds any more: no branch, tag, remote-tracking ref or HEAD of any worktree."""

from __future__ import annotations

from collections.abc import Collection

from contox_hooks.git.ref import NOISE
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed


def here(repo: Repository, shas: Collection[str]) -> set[str]:
    """Those of these commits that the repository has."""
    out = repo.git("cat-file", "--batch-check", stdin=_lines(shas)).decode().splitlines()
    return {line.split()[0] for line in out if line.split()[1:2] == ["commit"]}


def unreached(repo: Repository, shas: Collection[str]) -> set[str]:
    """Those of these commits, all of which are here, that no ref reaches. Raises GitFailed."""
    if not shas:
        return set()
    left_out = [f"--exclude={name}{'*' * name.endswith('/')}" for name in NOISE]
    # `--not` before `--stdin` would turn what is read there too (git before 2.42), so refs come last.
    out = repo.git("rev-list", "--ignore-missing", "--stdin", *left_out, "--not", "--all", stdin=_lines(shas))
    return set(out.decode().split()) & set(shas)


def unheld(clones: Collection[Repository], shas: Collection[str]) -> set[str]:
    """Those that some clone has and no clone reaches; a commit that is nowhere here says nothing."""
    lost: set[str] = set()
    held: set[str] = set()
    for repo in clones:
        try:
            present = here(repo, shas)
            loose = unreached(repo, present)
        except GitFailed:
            continue
        lost |= loose
        held |= present - loose
    return lost - held


def _lines(shas: Collection[str]) -> bytes:
    return "".join(f"{sha}\n" for sha in sorted(shas)).encode()
