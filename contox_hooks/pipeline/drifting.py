"""Stage 5, Drift Check: active items whose files later commits changed go to review, and come back from there.

The rule is drift.py's; this finds the pairs worth asking about: items that stood before, against this session's
commits; and this session's items against commits that came later but were processed earlier. Where an item's file is
now follows renames (table item_file). Later is what descends from the item's commit, not what has a later date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.session import stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.drift import Drift, FileText, decide_drift, decide_release, takes_away
from contox_hooks.pipeline.work import BlobReader, Result, Work, Writing, plural, skip

_SHA = re.compile(r"\bin ([0-9a-f]{12})\b")
"""The commit that a Drift's reason names."""
_MAX_LATER = 200
"""Later commits of one path that a late item is held against."""


@dataclass(frozen=True, slots=True)
class _Commit:
    at_utc: int
    event_id: str
    digest: CommitDigest

    @property
    def place(self) -> tuple[int, str]:
        return self.at_utc, self.event_id


@dataclass(frozen=True, slots=True)
class _Verdict:
    item: Item
    drift: Drift | None = None
    released: bool = False
    unread: bool = False
    """What it takes to judge is on no clone here."""
    moves: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(path, cited as) to the path after the last rename."""


@runtime_checkable
class _History(Protocol):
    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """None when it cannot be known here."""


def drift_check(work: Work) -> Writing:
    store = work.service.store
    commits = [_commit(row) for row in store.rows(event_sql.UNCHECKED, session_id=work.session.id)]
    if not commits:
        return skip("no commits to check against")
    if work.tools.blobs is None:
        return skip("no clone of the repository is on this machine")
    check = _Check(work, work.tools.blobs)
    verdicts = [check.verdict(item, commits) for item in check.standing(commits)]

    def write() -> Result:
        items = work.service.items
        for verdict in verdicts:
            if items.get(verdict.item.id).status == verdict.item.status:
                if verdict.drift is not None:
                    items.set_status(verdict.item.id, "review", reason=verdict.drift.reason)
                elif verdict.released:
                    items.set_status(verdict.item.id, "active")
            _move(store, verdict)
        return Result(_told(verdicts))

    return write


def _told(verdicts: Sequence[_Verdict]) -> str:
    drifted, released, unread = (
        sum(bool(getattr(verdict, name)) for verdict in verdicts) for name in ("drift", "released", "unread")
    )
    told = f"{plural(drifted, 'item')} to review of {len(verdicts) - unread:,} checked"
    if released:
        told += f"; {plural(released, 'item')} released"
    return f"{told}; {unread:,} of {len(verdicts):,} could not be read" if unread else told


class _Check:
    def __init__(self, work: Work, blobs: BlobReader) -> None:
        self._work = work
        self._store = work.service.store
        self._project_id = work.run.project_id
        self._blobs = blobs
        self._texts: dict[tuple[str, str], str | None] = {}
        self._later: dict[str, _Commit] = {}
        self._ancestors: dict[tuple[str, str], bool | None] = {}

    def standing(self, commits: Sequence[_Commit]) -> list[Item]:
        """Active items and those in review in the files of these commits: older ones, and the session's own."""
        paths = {path for commit in commits for path in _paths(commit.digest)}
        rows: dict[str, Row] = {}
        for path in sorted(paths):
            for row in self._store.rows(sql.OF_FILE, project_id=self._project_id, path=path):
                rows[row["id"]] = row
        return [self._work.service.items.with_evidence(rows[item_id]) for item_id in sorted(rows)]

    def verdict(self, item: Item, commits: Sequence[_Commit]) -> _Verdict:
        links = [(row["path"], row["cited_as"]) for row in self._store.rows(sql.FILES_OF, item_id=item.id)]
        since, own = self._newest_event(item)
        if item.session_id == self._work.session.id:
            changes = self._later_on({path for path, _ in links}, since)
        else:
            paths = {path for path, _ in links}
            changes = []
            for commit in commits:
                if commit.place > since and paths & _paths(commit.digest):
                    changes.append(commit)
                    paths |= {change.path for change in commit.digest.files if change.old_path in paths}
        if not changes:
            return _Verdict(item)
        moves = _moves(links, [commit.digest for commit in changes])
        try:
            present = _as_now(item, links)
            then = self._reader(own, links)
            if item.status == "review":
                return _Verdict(item, released=self._is_released(present, changes, then), moves=moves)
            return _Verdict(item, self._drift(present, own, changes, then), moves=moves)
        except GitFailed:  # what is not on this machine cannot be judged
            return _Verdict(item, unread=True, moves=moves)

    def _drift(self, item: Item, own: str, changes: Sequence[_Commit], then: FileText) -> Drift | None:
        """The order of time flags; before that is believed, the order of history is asked, which takes longer."""
        later = [commit.digest for commit in changes]
        drift = decide_drift(item, later, self._reader(later[-1].sha), then)
        if drift is None:
            return None
        while later and not self._is_later(later[-1], own, item):
            later.pop()
        if len(later) == len(changes):
            return drift
        return decide_drift(item, later, self._reader(later[-1].sha), then) if later else None

    def _is_later(self, digest: CommitDigest, own: str, item: Item) -> bool:
        answer = self._is_ancestor(own, digest.sha)
        return takes_away(digest, item) if answer is None else answer

    def _is_released(self, item: Item, changes: Sequence[_Commit], then: FileText) -> bool:
        """Only after the commit that put it in review; who put it there by hand named none."""
        blamed = _SHA.search(item.status_reason or "")
        if blamed is None:
            return False
        digests = [commit.digest for commit in changes]
        newest = digests[-1].sha
        stands = decide_release(item, digests, self._reader(newest), then)
        return stands and self._is_ancestor(blamed[1], newest) is True

    def _is_ancestor(self, older: str, newer: str) -> bool | None:
        if (older, newer) not in self._ancestors:
            known = self._blobs.is_ancestor(older, newer) if isinstance(self._blobs, _History) else None
            self._ancestors[older, newer] = known
        return self._ancestors[older, newer]

    def _newest_event(self, item: Item) -> tuple[tuple[int, str], str]:
        """Its place in time, and the commit."""
        row = self._store.row(sql.NEWEST_EVENT, project_id=self._project_id, item_id=item.id)
        if row is None:
            return (item.at_utc, "~"), item.evidence[0].commit_sha if item.evidence else ""
        return (row["at_utc"], row["id"]), row["sha"]

    def _later_on(self, paths: set[str], since: tuple[int, str]) -> list[_Commit]:
        """Processed commits after `since` on these paths and on what they were renamed to."""
        found: dict[str, _Commit] = {}
        waiting, seen = set(paths), set(paths)
        while waiting:
            rows = self._store.rows(
                event_sql.LATER_ON_PATH, project_id=self._project_id, path=waiting.pop(), at_utc=since[0],
                event_id=since[1], limit=_MAX_LATER,
            )  # fmt: skip
            for row in rows:
                if row["id"] not in self._later:
                    self._later[row["id"]] = _commit(row)
                commit = found[row["id"]] = self._later[row["id"]]
                renamed = {change.path for change in commit.digest.files if change.old_path in seen} - seen
                waiting |= renamed
                seen |= renamed
        return sorted(found.values(), key=lambda commit: commit.place)

    def _reader(self, sha: str, links: Sequence[tuple[str, str]] = ()) -> FileText:
        """Files as of a commit, by their names then or by what `links` say they are called now."""

        def text(path: str) -> str | None:
            names = dict.fromkeys((path, *(cited_as for now, cited_as in links if now == path)))
            return next((found for name in names if (found := self._text(sha, name)) is not None), None)

        return text

    def _text(self, sha: str, path: str) -> str | None:
        if (sha, path) not in self._texts:
            content = self._blobs(sha, path)
            self._texts[sha, path] = None if content is None else content.decode("utf-8", "replace")
        return self._texts[sha, path]


def _commit(row: Row) -> _Commit:
    stored = stored_event(row)
    return _Commit(stored.event.at_utc, stored.id, CommitDigest.from_payload(stored.event.payload))


def _paths(digest: CommitDigest) -> set[str]:
    return {path for change in digest.files for path in (change.path, change.old_path) if path}


def _as_now(item: Item, links: Iterable[tuple[str, str]]) -> Item:
    """The item with its files by their present names."""
    now = {cited_as: path for path, cited_as in links if path != cited_as}
    if not now:
        return item
    evidence = (
        found if found.path is None else replace(found, path=now.get(found.path, found.path)) for found in item.evidence
    )
    return replace(item, files=tuple(now.get(path, path) for path in item.files), evidence=tuple(evidence))


def _moves(links: Iterable[tuple[str, str]], changes: Iterable[CommitDigest]) -> dict[tuple[str, str], str]:
    now = {link: link[0] for link in links}
    for digest in changes:
        renames = {change.old_path: change.path for change in digest.files if change.status == "R"}
        now = {link: renames.get(path, path) for link, path in now.items()}
    return {link: path for link, path in now.items() if path != link[0]}


def _move(store: Store, verdict: _Verdict) -> None:
    for (path, cited_as), moved_to in verdict.moves.items():
        row = {"project_id": verdict.item.project_id, "item_id": verdict.item.id, "cited_as": cited_as}
        store.run(sql.UNLINK_FILE, **row, path=path)
        store.run(sql.INSERT_FILE, **row, path=moved_to)
