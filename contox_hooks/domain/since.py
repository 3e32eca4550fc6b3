"""What was done since the last save: commits, the side branches of merges, work in progress. Values and their JSON.

Pure. Must not know git, storage, or how it is told to people (since_text.py). Invariant: every list says how many there
are in all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from contox_hooks.domain.digest import CommitDigest, FileChange

_SHA: Final = re.compile(r"[0-9a-f]{7,64}")

Walk = Literal["first-parent", "all"]

BaseKind = Literal["given", "save", "merge-base", "latest"]
"""`given`: named by the caller; `save`: the head of the last save; `merge-base`: of it and HEAD, where HEAD left it
behind; `latest`: there is nothing to count from, so the newest commits stand for it."""


@dataclass(frozen=True, slots=True)
class Save:
    """A note that somebody saved, and where HEAD stood then."""

    head_sha: str
    at_utc: int
    """Seconds since the epoch."""

    @classmethod
    def of(cls, payload: Mapping[str, Any], at_utc: int) -> Save | None:
        """Of an `mcp_save` event; None for one that names no head: it says nothing of where work stood."""
        head = payload.get("headCommitSha")
        return cls(head, at_utc) if isinstance(head, str) and _SHA.fullmatch(head) else None


@dataclass(frozen=True, slots=True)
class Base:
    kind: BaseKind
    sha: str | None = None
    """Full id; what it reaches is left out. None: nothing is."""
    save: Save | None = None
    """The last one, also where its head could not be used."""
    is_known: bool = True
    """False: nobody could say which save was the last one."""


@dataclass(frozen=True, slots=True)
class SideCommit:
    sha: str
    subject: str


@dataclass(frozen=True, slots=True)
class SinceCommit:
    digest: CommitDigest
    side: tuple[SideCommit, ...] = ()
    """What a merge brought in, newest first; first-parent walks only."""
    side_total: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """What the index, or the work tree, has beyond what it is compared with."""

    files: tuple[FileChange, ...] = ()
    files_total: int = 0
    insertions: int = 0
    deletions: int = 0
    diff: str = ""
    diff_cut: bool = False
    diff_missing: str = ""
    """As a digest's; `unreadable`: its contents could not be read whole while they were looked at."""
    excluded_files: int = 0
    redactions: int = 0

    @classmethod
    def of(cls, digest: CommitDigest) -> Side:
        return cls(**{name: getattr(digest, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Conflict:
    path: str
    how: str
    """`both modified`, `deleted by them`: git status' words."""


@dataclass(frozen=True, slots=True)
class Submodule:
    path: str
    what: tuple[str, ...]
    """Of `new commits`, `modified content`, `untracked content`."""


@dataclass(frozen=True, slots=True)
class WorkInProgress:
    staged: Side = Side()
    unstaged: Side = Side()
    untracked: tuple[str, ...] = ()
    untracked_total: int = 0
    """Those that are excluded are not counted."""
    conflicts: tuple[Conflict, ...] = ()
    conflicts_total: int = 0
    submodules: tuple[Submodule, ...] = ()
    doing: tuple[str, ...] = ()
    """What git is in the middle of, a phrase each: `rebase of main (2 of 5)`."""
    troubles: tuple[str, ...] = ()
    """What could not be looked at, a line each; no part of what was done."""

    @property
    def is_clean(self) -> bool:
        totals = (self.staged.files_total, self.unstaged.files_total, self.untracked_total, self.conflicts_total)
        return not any(totals) and not self.submodules and not self.doing


@dataclass(frozen=True, slots=True)
class SinceSave:
    base: Base
    head: str | None
    """None before the first commit."""
    branch: str | None
    """None for a detached HEAD."""
    walk: Walk
    looked_at: int
    """Seconds since the epoch."""
    commits: tuple[SinceCommit, ...] = ()
    """Newest first."""
    commits_total: int = 0
    work: WorkInProgress | None = None
    """None where it was not asked for, or there is no work tree."""
    troubles: tuple[str, ...] = ()
    """What could not be read, a line each."""

    def to_markdown(self) -> str:
        from contox_hooks.domain.since_text import markdown

        return markdown(self)

    def to_object(self) -> dict[str, Any]:
        """base: kind, sha, savedHead, savedAt (seconds since the epoch; null without a save); head, branch, mode;
        commits: digests as of a commit's payload, with sideCommits (sha, subject) and sideCommitsTotal; commitsTotal;
        work: null, or staged and unstaged (files, files_total, insertions, deletions, diff, diff_cut, diff_missing,
        excluded_files, redactions), untracked, untrackedTotal, conflicts (path, how), conflictsTotal, submodules (path,
        what), inProgress, clean; troubles."""
        save = self.base.save
        return {
            "base": {
                "kind": self.base.kind,
                "sha": self.base.sha,
                "savedHead": save and save.head_sha,
                "savedAt": save and save.at_utc,
            },
            "head": self.head,
            "branch": self.branch,
            "mode": self.walk,
            "commits": [
                {
                    **commit.digest.to_payload(),
                    "sideCommits": [{"sha": side.sha, "subject": side.subject} for side in commit.side],
                    "sideCommitsTotal": commit.side_total,
                }
                for commit in self.commits
            ],
            "commitsTotal": self.commits_total,
            "work": self.work and _work_object(self.work),
            "troubles": list(self.troubles),
        }


def _work_object(work: WorkInProgress) -> dict[str, Any]:
    return {
        "staged": _side_object(work.staged),
        "unstaged": _side_object(work.unstaged),
        "untracked": list(work.untracked),
        "untrackedTotal": work.untracked_total,
        "conflicts": [{"path": each.path, "how": each.how} for each in work.conflicts],
        "conflictsTotal": work.conflicts_total,
        "submodules": [{"path": each.path, "what": list(each.what)} for each in work.submodules],
        "inProgress": list(work.doing),
        "clean": work.is_clean,
    }


def _side_object(side: Side) -> dict[str, Any]:
    found = {name: getattr(side, name) for name in side.__slots__}
    found["files"] = [{name: getattr(file, name) for name in file.__slots__} for file in side.files]
    return found
