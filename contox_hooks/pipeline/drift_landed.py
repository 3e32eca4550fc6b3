"""What a pull or a reset changed, as one change a move: the difference of its two ends.

Owns the reading of landed events; drift.py has the rule. Others' commits are no events here, so the commit that took a
line away is asked of git, for the items that are flagged. Invariant: an event that cannot be read here is told, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from contox_hooks.domain.digest import CommitDigest, Person
from contox_hooks.domain.error import RepositoryError
from contox_hooks.git.landing import changes_between, is_on_a_branch, last_with_count_of
from contox_hooks.git.repository import Repository, from_git_dir
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import drift as sql
from contox_hooks.pipeline.drift import Drift
from contox_hooks.pipeline.work import Work, plural

_MAX_LANDINGS = 100
"""Moves that one run looks at; the next goes on."""
_NOBODY = Person("", "", 0)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit, or a move of a branch."""

    at_utc: int
    event_id: str
    digest: CommitDigest
    """Of a move: the commit that the branch went to, and the files that differ."""
    moved_from: str | None = None

    @property
    def place(self) -> tuple[int, str]:
        return self.at_utc, self.event_id


@dataclass(frozen=True, slots=True)
class Landed:
    changes: Sequence[Change] = ()
    event_ids: Sequence[str] = ()
    """All that were looked at."""
    clones: Sequence[Repository] = ()
    waiting: int = 0
    """Moves beyond what one run looks at."""

    @property
    def told(self) -> str:
        """Nothing, or how it ends the stage's line."""
        if not self.event_ids:
            return ""
        unread = len(self.event_ids) - len(self.changes)
        told = f"; {plural(len(self.changes), 'move')} of branches looked at" + (f", {unread} not read" * bool(unread))
        return told + (f", {self.waiting} wait for the next run" * bool(self.waiting))

    def blamed(self, change: Change, drift: Drift) -> Drift:
        """With the commit inside the move that did it, where git can name one."""
        if change.moved_from is None or drift.line is None:
            return drift
        for repo in self.clones:
            with suppress(GitFailed):
                sha = last_with_count_of(repo, drift.line, drift.path, change.moved_from, change.digest.sha)
                if sha is not None:
                    return replace(drift, commit_sha=sha, reason=drift.reason.replace(drift.commit_sha[:12], sha[:12]))
        return drift

    def is_on_a_branch(self, sha: str) -> bool:
        for repo in self.clones:
            with suppress(GitFailed):
                return is_on_a_branch(repo, sha)
        return False


def landed_changes(work: Work) -> Landed:
    """Moves up to the end of the session that were not looked at: what comes after waits for the session that it is in,
    whose items may be older than the move."""
    unchecked = {"project_id": work.run.project_id, "until": work.session.last_event_at}
    rows = work.service.store.rows(sql.LANDED_UNCHECKED, **unchecked, limit=_MAX_LANDINGS)
    if not rows:
        return Landed()
    waiting = work.service.store.count(sql.LANDED_UNCHECKED_COUNT, **unchecked) - len(rows)
    clones = _clones(work.service.projects.clones(work.run.project_id))
    read = (_change(clones, stored_event(row)) for row in rows)
    return Landed([change for change in read if change is not None], [row["id"] for row in rows], clones, waiting)


def with_all_files(work: Work, changes: Sequence[Change]) -> list[Change]:
    """Commits whose digest lists only some of their files get them all from git, where it has the commit."""
    clones: list[Repository] = []
    if any(change.digest.files_cut for change in changes):
        clones = _clones(work.service.projects.clones(work.run.project_id))
    return [_with_all_files(clones, change) if change.digest.files_cut else change for change in changes]


def _with_all_files(clones: Sequence[Repository], change: Change) -> Change:
    digest = change.digest
    for repo in clones:
        with suppress(GitFailed):
            files, count = changes_between(repo, digest.parents[0] if digest.parents else None, digest.sha)
            listed = {file.path for file in digest.files}  # those have their lines counted
            more = tuple(file for file in files if file.path not in listed)
            whole = replace(digest, files=(*digest.files, *more), files_total=count, excluded_files=0)
            return replace(change, digest=whole)
    return change


def _clones(common_dirs: Sequence[Path]) -> list[Repository]:
    found = []
    for common_dir in common_dirs:
        with suppress(RepositoryError):
            found.append(from_git_dir(common_dir))
    return found


def _change(clones: Sequence[Repository], stored: StoredEvent) -> Change | None:
    old, new = str(stored.event.payload.get("from") or ""), str(stored.event.payload.get("to") or "")
    for repo in clones if old and new else ():
        with suppress(GitFailed):
            files, count = changes_between(repo, old, new)
            digest = CommitDigest(new, (old,), _NOBODY, _NOBODY, "", "", files, count)
            return Change(stored.event.at_utc, stored.id, digest, moved_from=old)
    return None
