"""The earlier commits whose work a new one is: rewritten into it, copied to it, or squashed in it.

Reads the store and, for the few commits where it matters, git; writes nothing. Invariant: a commit that nobody will be
asked about (`is_told`) has at least one relative that was asked about, or will be in the same run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.event import SOURCE_HISTORY
from contox_hooks.git.patch import Patch, line_of
from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import lineage as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.pipeline.lineage import (
    decide_squashed,
    decide_told,
    final_of,
    is_covered,
    is_same_work,
    picked_from,
    reverted_by,
    squashed_by,
)
from contox_hooks.pipeline.patch import file_patches

_MAX_SAME_SECOND = 50
"""Commits of one author's second that are compared; scripts make many."""
_MAX_ON_PATH = 50
_MAX_PATHS = 20
_SQUASHED_WITHIN_S = 90 * 86_400
"""A branch is squashed while it is remembered; older commits of the same lines are another story."""


@runtime_checkable
class Trees(Protocol):
    """What a clone can say of commits."""

    def patch(self, sha: str) -> Patch | None: ...

    def is_ancestor(self, older: str, newer: str) -> bool | None: ...

    def unheld(self, shas: Collection[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Kin:
    event: StoredEvent
    digest: CommitDigest
    rewritten: tuple[CommitDigest, ...] = ()
    """They do not stand any more."""
    copied: tuple[CommitDigest, ...] = ()
    """They stand, at least for now."""
    is_told: bool = False
    reapplied: str | None = None
    """The revert that this commit reverts."""

    @property
    def sources(self) -> tuple[CommitDigest, ...]:
        return (*self.rewritten, *self.copied)


class Kinship:
    def __init__(self, store: Store, project_id: str, trees: Trees | None, *, paid: bool) -> None:
        self._store = store
        self._project_id = project_id
        self._trees = trees
        self._paid = paid
        self._patches: dict[str, Patch | None] = {}
        self._rewrites: dict[str, str | None] = {}

    def of_session(self, session_id: str) -> list[Kin]:
        """Of its commits that are new, those that have relatives, oldest first."""
        found: list[Kin] = []
        fresh: dict[str, CommitDigest] = {}
        for row in self._store.rows(sql.FRESH, session_id=session_id):
            kin = self._of(row, fresh)
            fresh[kin.digest.sha] = kin.digest
            if kin.sources or row["chunk_no"] == 0:
                found.append(kin)
        return found

    def final(self, sha: str) -> str | None:
        """What a commit became; None when it was dropped."""
        return final_of(sha, self._rewrite_of)

    def commit(self, sha: str) -> Row | None:
        return self._store.row(sql.COMMIT, project_id=self._project_id, key=f"commit:{sha}")

    def named(self, prefix: str) -> Row | None:
        """The commit whose id begins so, or what it became; None for none or several."""
        low = f"commit:{prefix.lower()}"
        rows = self._store.rows(sql.NAMED, project_id=self._project_id, low=low, high=low + "g")
        if len(rows) != 1:
            return None
        final = self.final(_sha(rows[0]))
        return None if final is None else self.commit(final)

    def patch(self, sha: str) -> Patch | None:
        if sha not in self._patches:
            self._patches[sha] = None if self._trees is None else self._trees.patch(sha)
        return self._patches[sha]

    def is_same_work(self, one: CommitDigest, other: CommitDigest) -> bool:
        return is_same_work(one, other, (self.patch(one.sha), self.patch(other.sha)))

    def _of(self, row: Row, fresh: dict[str, CommitDigest]) -> Kin:
        event = stored_event(row)
        new = CommitDigest.from_payload(event.event.payload)
        rewritten = tuple(self._known(self._rewritten_into(new.sha), fresh))
        reverted = self._reverted_revert(new)
        copied: tuple[CommitDigest, ...]
        if reverted is not None:
            first = self._reapplied(reverted, fresh)
            copied = () if first is None else (first,)
        else:
            copied = tuple(self._copies(new, fresh, {old.sha for old in rewritten}))
        if not rewritten and not copied and reverted is None:
            copied = tuple(self._squashed(new, event.event.at_utc, fresh))
        kin = Kin(event, new, rewritten, copied, reapplied=None if reverted is None else reverted.sha)
        return Kin(event, new, rewritten, copied, self._is_told(kin), kin.reapplied)

    def _is_told(self, kin: Kin) -> bool:
        if not kin.sources:
            return False
        same = any(self.is_same_work(kin.digest, old) for old in kin.sources)
        if not same and len(kin.sources) > 1:
            own, old = self.patch(kin.digest.sha), [self.patch(source.sha) for source in kin.sources]
            same = own is not None and is_covered(own, [patch for patch in old if patch is not None])
        return decide_told(
            kin.digest, kin.sources, same_work=same, paid=self._paid or (kin.reapplied is not None and same)
        )

    def _known(self, shas: Sequence[str], fresh: dict[str, CommitDigest]) -> Iterator[CommitDigest]:
        """Those of them that are memory, or become it in this run before."""
        for sha in shas:
            row = self.commit(sha)
            if row is not None and (row["processed_run"] is not None or sha in fresh):
                yield _digest(row)

    def _rewritten_into(self, sha: str) -> list[str]:
        """All commits that ended up as `sha`, over any number of rewrites, oldest first as far as is known."""
        found: dict[str, None] = {}
        waiting = [sha]
        while waiting:
            for row in self._store.rows(
                event_sql.REWRITTEN_INTO, project_id=self._project_id, new_sha=waiting.pop()
            ):  # fmt: skip
                if row["old_sha"] not in found and row["old_sha"] != sha:
                    found[row["old_sha"]] = None
                    waiting.append(row["old_sha"])
        rows = [row for row in map(self.commit, found) if row is not None]
        return [_sha(row) for row in sorted(rows, key=lambda row: (row["at_utc"], row["id"]))]

    def _rewrite_of(self, sha: str) -> str | None:
        if sha not in self._rewrites:
            row = self._store.row(event_sql.REWRITE_OF, project_id=self._project_id, old_sha=sha)
            self._rewrites[sha] = None if row is None else row["new_sha"]
        return self._rewrites[sha]

    def _copies(self, new: CommitDigest, fresh: dict[str, CommitDigest], seen: set[str]) -> Iterator[CommitDigest]:
        named = picked_from(new)
        if named is not None and (row := self.named(named)) is not None and _sha(row) not in {*seen, new.sha}:
            for old in self._known([_sha(row)], fresh):
                seen.add(old.sha)
                yield old
        rows = self._store.rows(
            sql.AUTHORED_AT, project_id=self._project_id, authored_at=new.author.at_utc, sha=new.sha,
            limit=_MAX_SAME_SECOND,
        )  # fmt: skip
        for row in rows:
            sha = _sha(row)
            if sha in seen or row["superseded_by"] is not None:
                continue
            for old in self._known([sha], fresh):
                if len(new.parents) == len(old.parents) < 2 and self.is_same_work(new, old):
                    seen.add(sha)
                    yield old

    def _reverted_revert(self, new: CommitDigest) -> CommitDigest | None:
        """The revert that this commit takes back."""
        target = reverted_by(new)
        row = None if target is None else self.named(target)
        reverted = None if row is None else _digest(row)
        return reverted if reverted is not None and reverted_by(reverted) is not None else None

    def _reapplied(self, revert: CommitDigest, fresh: dict[str, CommitDigest]) -> CommitDigest | None:
        target = reverted_by(revert)
        row = None if target is None else self.named(target)
        # Within one run the extractor sees them all, and what cancels what.
        return None if row is None else next((old for old in self._known([_sha(row)], {})), None)

    def _squashed(self, new: CommitDigest, at_utc: int, fresh: dict[str, CommitDigest]) -> list[CommitDigest]:
        if self._trees is None or new.origin != "created" or len(new.parents) > 1:
            return []
        named = {old.sha: old for old in self._known(squashed_by(new), fresh)}
        if named:
            return list(named.values())
        patch = self.patch(new.sha)
        if patch is None or not patch.added | patch.removed:
            return []
        branch: dict[str, CommitDigest] = {}
        for old in self._before(new, at_utc, fresh):
            if _may_be_in(old, patch) and self._trees.is_ancestor(old.sha, new.sha) is False:
                branch[old.sha] = old
        patches = {sha: of for sha in branch if (of := self.patch(sha)) is not None}
        return [branch[sha] for sha in decide_squashed(patch, patches)]

    def _before(self, new: CommitDigest, at_utc: int, fresh: dict[str, CommitDigest]) -> list[CommitDigest]:
        """Commits made here shortly before that share a path, oldest first."""
        paths = {file.path for file in new.files[:_MAX_PATHS]}
        found: dict[str, tuple[int, CommitDigest]] = {}
        for path in sorted(paths):
            rows = self._store.rows(
                sql.MADE_BEFORE, project_id=self._project_id, path=path, history=SOURCE_HISTORY, until=at_utc,
                since=at_utc - _SQUASHED_WITHIN_S, limit=_MAX_ON_PATH,
            )  # fmt: skip
            found |= {_sha(row): (row["at_utc"], _digest(row)) for row in rows if _sha(row) not in found}
        for place, old in enumerate(fresh.values()):
            if not paths.isdisjoint(file.path for file in old.files):
                found[old.sha] = (at_utc + place, old)
        found.pop(new.sha, None)
        return [digest for _, digest in sorted(found.values(), key=lambda entry: entry[0])]


def _may_be_in(old: CommitDigest, patch: Patch) -> bool:
    """Whether what the digest shows of an older commit's added lines stands among these, for the greater part. A cheap
    sieve: what a later commit of the branch took away again is missing too."""
    shown = {line_of(each.path, line) for each in file_patches(old.diff) for line in each.added if line.strip()}
    return bool(not shown or shown & patch.added)


def _sha(row: Row) -> str:
    return str(row["key"]).partition(":")[2]


def _digest(row: Row) -> CommitDigest:
    return CommitDigest.from_payload(stored_event(row).event.payload)
