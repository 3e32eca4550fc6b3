"""How much of a commit is sent: the vendor's limits (CONTRACT.md section 3), tighter where one commit is over the size.

Must not know the wire's names. Invariant: totals stay those of the whole commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from contox_hooks.domain.digest import MAX_FILES_LISTED, CommitDigest
from contox_hooks.wire.cut import Cut, cut_text

NAME_UNITS: Final = 200
_UNBOUNDED: Final = 2**31


@dataclass(frozen=True, slots=True)
class Limits:
    """Most of each field that is sent: UTF-16 units of a text, marks included; rows of a list."""

    diff: int = 3000
    subject: int = 500
    files: int = MAX_FILES_LISTED
    body: int = _UNBOUNDED
    branch: int = _UNBOUNDED
    parents: int = _UNBOUNDED
    name: int = NAME_UNITS


def limited(digest: CommitDigest, limits: Limits) -> tuple[CommitDigest, list[Cut]]:
    """The digest within the limits, and what that cost."""
    cuts: list[Cut] = []

    def text(what: str, whole: str, most: int, *, at_line: bool = False) -> str:
        cut, kept = cut_text(whole, most, at_line=at_line)
        if kept < len(whole):
            cuts.append(Cut(what, kept, len(whole)))
        return cut

    diff = text("diff", digest.diff, limits.diff, at_line=True)
    files = digest.files[: limits.files]
    if len(files) < len(digest.files):
        cuts.append(Cut("files", len(files), len(digest.files)))
    parents = digest.parents[: limits.parents]
    if len(parents) < len(digest.parents):
        cuts.append(Cut("parents", len(parents), len(digest.parents)))
    body = text("body", digest.body, limits.body)
    subject = text("subject", digest.subject, limits.subject)
    branch = None if digest.branch is None else text("branch", digest.branch, limits.branch)
    author = text("author", digest.author.name, limits.name)
    committer = text("committer", digest.committer.name, limits.name)
    if not cuts:
        return digest, cuts
    smaller = replace(
        digest, diff=diff, diff_cut=digest.diff_cut or diff != digest.diff, files=files, parents=parents, body=body,
        subject=subject, branch=branch, author=replace(digest.author, name=author),
        committer=replace(digest.committer, name=committer),
    )  # fmt: skip
    return smaller, cuts
