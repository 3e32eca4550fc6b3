"""What is new between two sets of tips, without reading any diff."""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.sweep import NewCommit
from contox_hooks.git.repository import Repository

_FORMAT = "%H%x00%P%x00%ce%x00%ct%x00%ae%x00%at%x00%s"


def commits_between(repo: Repository, tips: Iterable[str], known: Iterable[str]) -> dict[str, NewCommit]:
    """Commits that `tips` reach and `known` do not. Ids whose objects are gone (gc, shallow) are passed over."""
    lines = [*dict.fromkeys(tips), *(f"^{sha}" for sha in dict.fromkeys(known))]
    return _read(repo, lines)


def commits_named(repo: Repository, shas: Iterable[str]) -> dict[str, NewCommit]:
    """Just these commits, as far as they exist."""
    return _read(repo, list(dict.fromkeys(shas)), "--no-walk=unsorted")


def _read(repo: Repository, lines: list[str], *options: str) -> dict[str, NewCommit]:
    if not any(not line.startswith("^") for line in lines):
        return {}
    out = repo.git(
        "-c", "log.showSignature=false", "log", "--ignore-missing", "--stdin", "--no-patch", "--encoding=UTF-8",
        *options,
        f"--format={_FORMAT}", stdin="\n".join([*lines, ""]).encode(),
    )  # fmt: skip
    found: dict[str, NewCommit] = {}
    for line in out.decode("utf-8", "replace").split("\n"):
        fields = line.split("\0")
        if len(fields) >= 7:
            sha, parents, committer, committed, author, authored, subject = fields[:7]
            found[sha] = NewCommit(
                sha, tuple(parents.split()), committer, int(committed or 0), author, int(authored or 0), subject
            )
    return found


def divergence(repo: Repository, old: str, new: str) -> tuple[int, int]:
    """(commits only `old` has, commits only `new` has); (0, 0) when one of them is gone."""
    out = repo.git("rev-list", "--left-right", "--count", f"{old}...{new}", ok=(0, 128)).split()
    return (int(out[0]), int(out[1])) if len(out) == 2 else (0, 0)


def count_by(repo: Repository, emails: Iterable[str], old: str, new: str, *, limit: int = 1000) -> int:
    """How many of the commits that `old` has and `new` has not were committed by one of `emails`, up to `limit`."""
    own = set(emails)
    out = repo.git("log", f"--max-count={limit}", "--format=%ce", old, f"^{new}", "--", ok=(0, 128))
    return sum(line in own for line in out.decode("utf-8", "replace").split("\n"))


def own_email(repo: Repository) -> str:
    """The committer's address that git would use here now; "" if it would refuse to guess one."""
    out = repo.git("var", "GIT_COMMITTER_IDENT", ok=(0, 1, 128)).decode("utf-8", "replace")
    return out[out.rfind("<") + 1 : out.rfind(">")] if "<" in out else ""
