"""Stage 5, Drift Check: active items whose files later commits changed go to review, and come back from there.

The rule is drift.py's; this finds the pairs worth asking about: items that stood before, against this session's
commits and what landed here since; and this session's items against commits that came later but were processed
earlier. Commits are taken one by one, in time order, so that one on a side branch neither hides nor undoes another.
Later is what descends from the item's commit, not what has a later date; git is only asked where a line is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.git.run import GitFailed
from contox_hooks.memory.session import stored_event
from contox_hooks.memory.sql import drift as drift_sql
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.sql import scan as scan_sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.drift import (
    FileText,
    decide_drift,
    decide_release,
    stakes_of,
    stands,
    takes_away,
    told_stands,
)
from contox_hooks.pipeline.drift_case import Case, Cases, Standing
from contox_hooks.pipeline.drift_definition import may_define
from contox_hooks.pipeline.drift_landed import Change, Landed, landed_changes, with_all_files
from contox_hooks.pipeline.drift_name import Names
from contox_hooks.pipeline.drift_sieve import Sieve
from contox_hooks.pipeline.drift_undone import Blame, undone_blames
from contox_hooks.pipeline.reach import lost_commits
from contox_hooks.pipeline.resolving import resolve_after, settling_commits
from contox_hooks.pipeline.work import BlobReader, Result, Work, Writing, plural, skip
from contox_hooks.wire.loose import text_of

_SHA = re.compile(r"\bin ([0-9a-f]{12})\b")
"""The commit that a Drift's reason names."""
_MAX_LATER = 200
"""Later commits of one path that a late item is held against."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    item: Item
    status: ItemStatus
    reason: str | None = None
    unread: bool = False
    """Some of what it takes to judge is on no clone here."""
    moves: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """(new path, cited as), one for each rename."""


@runtime_checkable
class _History(Protocol):
    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """None when it cannot be known here."""


def drift_check(work: Work) -> Writing:
    store = work.service.store
    commits = [_commit(row) for row in store.rows(event_sql.UNCHECKED, session_id=work.session.id)]
    landings = landed_changes(work)
    if not commits and not landings.event_ids:
        return skip("no commits to check against")
    if work.tools.blobs is None:
        return skip("no clone of the repository is on this machine")
    check = _Check(work, work.tools.blobs, landings)
    came = sorted([*with_all_files(work, commits), *landings.changes], key=lambda change: change.place)
    changes = check.staying(came)
    undone = undone_blames(work, work.tools.blobs)
    lost = lost_commits(work, {*settling_commits(work), *(change.digest.sha for change in came)})
    standing = check.standing(changes)
    verdicts = [verdict for each in standing if (verdict := check.verdict(each, changes)) is not None]

    def write() -> Result:
        items = work.service.items
        for blame in undone:
            if items.get(blame.item.id).status_reason == blame.item.status_reason:
                items.set_status(blame.item.id, blame.status, reason=blame.reason)
        for verdict in verdicts:
            item = verdict.item
            if verdict.status != item.status and items.get(item.id).status == item.status:
                items.set_status(item.id, verdict.status, reason=verdict.reason)
            for path, cited_as in verdict.moves:
                store.run(sql.INSERT_FILE, project_id=item.project_id, item_id=item.id, path=path, cited_as=cited_as)
        for event_id in landings.event_ids:
            store.run(drift_sql.MARK_CHECKED, id=event_id, run_id=work.run.id)
        resolved = resolve_after(work, ((change.at_utc, change.digest) for change in came), lost)
        unseen = sum(change.digest.files_cut for change in changes)
        cut = f"; {plural(unseen, 'changed file')} beyond the limit not looked at" if unseen else ""
        return Result(_told(verdicts, undone, len(standing)) + landings.told + check.told + cut + resolved)

    return write


def _told(verdicts: Sequence[_Verdict], undone: Sequence[Blame], asked: int) -> str:
    changed = [verdict.status for verdict in verdicts if verdict.status != verdict.item.status]
    changed += [blame.status for blame in undone if blame.status != blame.item.status]
    drifted, released = changed.count("review"), changed.count("active")
    unread = sum(verdict.unread for verdict in verdicts)
    told = f"{plural(drifted, 'item')} to review of {asked - unread:,} checked"
    if released:
        told += f"; {plural(released, 'item')} released"
    return f"{told}; {unread:,} of {asked:,} could not be read" if unread else told


class _Check:
    def __init__(self, work: Work, blobs: BlobReader, landed: Landed) -> None:
        self._work = work
        self._store: Store = work.service.store
        self._project_id = work.run.project_id
        self._blobs = blobs
        self._landed = landed
        self._texts: dict[tuple[str, str], str | None] = {}
        self._later: dict[str, Change] = {}
        self._sieves: dict[str, Sieve] = {}
        self._ancestors: dict[tuple[str, str], bool | None] = {}
        self._cut: set[str] = set()

    @property
    def told(self) -> str:
        """Nothing, or what was left out of items that came late."""
        paths = plural(len(self._cut), "file")
        return f"; {paths} held against the first {_MAX_LATER} later commits only" if self._cut else ""

    def standing(self, changes: Sequence[Change]) -> list[Standing]:
        """Active items and those in review in the files of these changes: older ones, and the session's own."""
        if self._work.project.cases is None:
            self._work.project.cases = Cases()
        paths = sorted({path for change in changes for path in self._sieve(change).paths})
        return self._work.project.cases.standing_in(self._store, self._project_id, paths)

    def verdict(self, standing: Standing, changes: Sequence[Change]) -> _Verdict | None:
        """None: nothing of it changed."""
        is_own = standing.session_id == self._work.session.id
        if not is_own and not self._may_matter(standing, changes):
            return None
        item = self._work.service.items.get(standing.item_id)
        names = Names((row["path"], row["cited_as"]) for row in self._store.rows(sql.FILES_OF, item_id=item.id))
        since, own = self._newest_event(item.id) or self._first_said(item)
        approved: set[str] = set()
        if is_own:
            replayed = self.staying(self._later_on(names, since))
            approved = self._approved_over(item, replayed)
            later = {change.event_id: change for change in (*replayed, *changes)}
            changes = sorted(later.values(), key=lambda change: change.place)
        now, unread = item, False
        stakes = stakes_of(item)
        for change in changes:
            sieve = self._sieve(change)
            if change.place <= since or sieve.paths.isdisjoint(names):
                continue
            names.rename(change.digest)
            if change.event_id in approved:
                continue
            citations = {path: (lines, names.of(path)) for path, lines in stakes.items()}
            if not sieve.lets_through(citations, is_standing=now.status == "active"):
                continue
            try:
                now = self._after(now, names, own, change)
            except GitFailed:  # what is not on this machine cannot be judged
                unread = True
        return _Verdict(item, now.status, now.status_reason, unread, frozenset(names.moves))

    def staying(self, changes: Sequence[Change]) -> list[Change]:
        """Without the commits that did not stay."""
        lost = lost_commits(self._work, [change.digest.sha for change in changes])
        return [change for change in changes if change.digest.sha[:12] not in lost]

    def _approved_over(self, item: Item, changes: Sequence[Change]) -> set[str]:
        """Of these changes (by their events) those that were looked at before a person said that the item holds."""
        if item.approved_at is None or item.status != "active":
            return set()
        until_ms = (item.approved_at + 1) * 1000
        return {
            change.event_id for change in changes
            if self._store.row(drift_sql.CHECKED_BY, event_id=change.event_id, until_ms=until_ms) is not None
        }  # fmt: skip

    def _may_matter(self, standing: Standing, changes: Sequence[Change]) -> bool:
        """Whether any of the changes renames a file of the item, or has to be looked at in full. Most are not: a merge
        names whatever the other side changed."""
        met = [change for change in changes if standing.may_be_met_by(self._sieve(change))]
        newest = self._newest_event(standing.item_id) if met else None
        if not met or newest is None:
            return bool(met)
        since, own = newest
        case = standing.case
        met = [change for change in met if change.place > since]
        if any(not self._sieve(change).renamed.isdisjoint(case.all_names) for change in met):
            return True
        try:
            if standing.status == "review":
                return any(self._may_give_back(standing, change) for change in met)
            then = self._first_reader(own, case.names)
            return any(self._may_take(case, own, then, change) for change in met)
        except GitFailed:
            return True

    def _may_give_back(self, standing: Standing, change: Change) -> bool:
        if not _SHA.search(standing.reason or ""):
            return False
        cited = {standing.case.names.latest(path): lines for path, lines in standing.case.cited.items()}
        return told_stands(standing.reason, cited, self._present_reader(standing.case.names, change))

    def _may_take(self, case: Case, own: str, then: FileText, change: Change) -> bool:
        sieve, sha = self._sieve(change), change.digest.sha
        if not sieve.lets_through(case.citations_that_stood(own, then)):
            return False
        for path, lines in case.stood(own, then).items():
            names = case.names.of(path)
            if sieve.paths.isdisjoint(names):
                continue
            text = self._text(sha, case.names.latest(path)) if lines and sieve.leaves_in_place(names) else None
            if text is None or not all(stands(line, text) for line in lines):
                return True
            if not all(may_define(name, text, surely=True) for name in case.titled.intersection(lines)):
                return True
        return False

    def _sieve(self, change: Change) -> Sieve:
        if change.event_id not in self._sieves:
            self._sieves[change.event_id] = Sieve(change.digest)
        return self._sieves[change.event_id]

    def _after(self, item: Item, names: Names, own: str, change: Change) -> Item:
        """The item with its status after the change."""
        digest, present, sha = names.translated(change.digest), names.as_now(item), change.digest.sha
        then = self._first_reader(own, names)
        if item.status == "review":
            blamed = _SHA.search(item.status_reason or "")  # who put it there by hand named none
            now = self._present_reader(names, change)
            if blamed and decide_release(present, [digest], now, then) and self._is_ancestor(blamed[1], sha):
                return replace(item, status="active", status_reason=None)
            return item
        if decide_drift(present, [digest], self._reader(sha, lambda path: (path,)), then) is None:
            return item
        drift = decide_drift(present, [digest], self._reader(sha, names.of), then)
        if drift is None or not self._is_later(change, own, present):
            return item
        return replace(item, status="review", status_reason=self._landed.blamed(change, drift).reason)

    def _is_later(self, change: Change, own: str, item: Item) -> bool:
        """Whether the change was made to a state that has the item's commit. A reset that only left it behind, while
        another branch has it, took nothing away."""
        sha = change.digest.sha
        answer = self._is_ancestor(own, change.moved_from or sha)
        if change.moved_from is None:
            return takes_away(change.digest, item) if answer is None else answer
        return answer is True and (self._is_ancestor(own, sha) is True or not self._landed.is_on_a_branch(own))

    def _is_ancestor(self, older: str, newer: str) -> bool | None:
        if (older, newer) not in self._ancestors:
            known = self._blobs.is_ancestor(older, newer) if isinstance(self._blobs, _History) else None
            self._ancestors[older, newer] = known
        return self._ancestors[older, newer]

    def _newest_event(self, item_id: str) -> tuple[tuple[int, str], str] | None:
        """Its place in time, and the commit."""
        row = self._store.row(sql.NEWEST_EVENT, project_id=self._project_id, item_id=item_id)
        return None if row is None else ((row["at_utc"], row["id"]), row["sha"])

    def _first_said(self, item: Item) -> tuple[tuple[int, str], str]:
        """In place of a commit's event: the scan's that read it off the tree of a commit, else one that is not in the
        store."""
        cited = item.evidence[0] if item.evidence else None
        row = cited and self._store.row(scan_sql.EVENT, id=cited.event_id)
        if row:
            head = text_of(json.loads(row["payload"]).get("headCommitSha"))
            return (row["at_utc"], row["id"]), head
        return (item.at_utc, "~"), cited.commit_sha if cited else ""

    def _later_on(self, names: Names, since: tuple[int, str]) -> list[Change]:
        """Processed commits after `since` on these paths and on what they were renamed to."""
        found: dict[str, Change] = {}
        seen = set(names)
        waiting = set(seen)
        while waiting:
            path = waiting.pop()
            rows = self._store.rows(
                event_sql.LATER_ON_PATH, project_id=self._project_id, path=path, at_utc=since[0],
                event_id=since[1], limit=_MAX_LATER + 1,
            )  # fmt: skip
            if len(rows) > _MAX_LATER:
                self._cut.add(path)
                rows.pop()
            for row in rows:
                if row["id"] not in self._later:
                    self._later[row["id"]] = _commit(row)
                commit = found[row["id"]] = self._later[row["id"]]
                renamed = {change.path for change in commit.digest.files if change.old_path in seen} - seen
                waiting |= renamed
                seen |= renamed
        return list(found.values())

    def _reader(self, sha: str, names_of: Callable[[str], Sequence[str]]) -> FileText:
        """Files as of a commit under these of their names: what was split or moved back stands in any of them."""

        def text(path: str) -> str | None:
            found = [text for name in names_of(path) if (text := self._text(sha, name)) is not None]
            return "\n".join(found) if found else None

        return text

    def _present_reader(self, names: Names, change: Change) -> FileText:
        """Files after a change, by their latest names and by those that it touched."""
        paths = self._sieve(change).paths
        return self._reader(
            change.digest.sha, lambda path: [name for name in names.of(path) if name == path or name in paths]
        )

    def _first_reader(self, own: str, names: Names) -> FileText:
        """Files as of the item's commit: the name that it has for them comes first, later ones were hardly there."""

        def text(path: str) -> str | None:
            texts = (self._text(own, name) for name in reversed(names.of(path)))
            return next((text for text in texts if text is not None), None)

        return text

    def _text(self, sha: str, path: str) -> str | None:
        if (sha, path) not in self._texts:
            content = self._blobs(sha, path)
            self._texts[sha, path] = None if content is None else content.decode("utf-8", "replace")
        return self._texts[sha, path]


def _commit(row: Row) -> Change:
    stored = stored_event(row)
    return Change(stored.event.at_utc, stored.id, CommitDigest.from_payload(stored.event.payload))
