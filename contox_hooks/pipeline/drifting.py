"""Stage 5, Drift Check: active items whose files later commits changed go to review.

The rule is drift.py's; this finds the pairs worth asking about: items that stood before, against this session's
commits; and this session's items against commits that came later but were processed earlier. Where an item's file is
now follows renames (table item_file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.session import stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.drift import Drift, decide_drift
from contox_hooks.pipeline.work import BlobReader, Result, Work, Writing, plural, skip

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
    drift: Drift | None
    moves: Mapping[tuple[str, str], str]
    """(path, cited as) to the path after the last rename."""


def drift_check(work: Work) -> Writing:
    store = work.service.store
    commits = [_commit(row) for row in store.rows(event_sql.UNCHECKED, session_id=work.session.id)]
    if not commits:
        return skip("no commits to check against")
    if work.tools.blobs is None:
        return skip("no clone of the repository is on this machine")
    check = _Check(work, work.tools.blobs)
    verdicts = [check.verdict(item, commits) for item in check.standing(commits)]
    drifted = [verdict for verdict in verdicts if verdict.drift is not None]

    def write() -> Result:
        for verdict in drifted:
            if verdict.drift is not None and work.service.items.get(verdict.item.id).status == "active":
                work.service.items.set_status(verdict.item.id, "review", reason=verdict.drift.reason)
        for verdict in verdicts:
            _move(store, verdict)
        return Result(f"{plural(len(drifted), 'item')} to review of {len(verdicts):,} checked")

    return write


class _Check:
    def __init__(self, work: Work, blobs: BlobReader) -> None:
        self._work = work
        self._store = work.service.store
        self._project_id = work.run.project_id
        self._blobs = blobs
        self._texts: dict[tuple[str, str], str | None] = {}
        self._later: dict[str, _Commit] = {}

    def standing(self, commits: Sequence[_Commit]) -> list[Item]:
        """Active items in the files of these commits: older ones, and the session's own."""
        paths = {path for commit in commits for path in _paths(commit.digest)}
        rows: dict[str, Row] = {}
        for path in sorted(paths):
            for row in self._store.rows(sql.OF_FILE, project_id=self._project_id, path=path):
                rows[row["id"]] = row
        return [self._work.service.items.with_evidence(rows[item_id]) for item_id in sorted(rows)]

    def verdict(self, item: Item, commits: Sequence[_Commit]) -> _Verdict:
        links = [(row["path"], row["cited_as"]) for row in self._store.rows(sql.FILES_OF, item_id=item.id)]
        since = self._newest_event(item)
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
            return _Verdict(item, None, {})
        digests = [commit.digest for commit in changes]
        try:
            drift = decide_drift(_as_now(item, links), digests, self._reader(digests[-1].sha))
        except GitFailed:  # what is not on this machine cannot be judged
            drift = None
        return _Verdict(item, drift, _moves(links, digests))

    def _newest_event(self, item: Item) -> tuple[int, str]:
        row = self._store.row(sql.NEWEST_EVENT, project_id=self._project_id, item_id=item.id)
        return (item.at_utc, "~") if row is None else (row["at_utc"], row["id"])

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

    def _reader(self, sha: str) -> Callable[[str], str | None]:
        def text(path: str) -> str | None:
            if (sha, path) not in self._texts:
                content = self._blobs(sha, path)
                self._texts[sha, path] = None if content is None else content.decode("utf-8", "replace")
            return self._texts[sha, path]

        return text


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
