"""Items go along with their commits: the writing side of lineage, inside enrichment's transaction.

kinship.py says who is related, lineage.py what follows from it. Invariants: an item that is carried keeps its id and
what a person decided about it; what cites only commits that are gone does not stay active without saying so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import MAX_FILES, Draft, Evidence, Item
from contox_hooks.git.patch import Patch, line_of
from contox_hooks.memory.session import StoredEvent, stored_event
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import item as item_sql
from contox_hooks.memory.sql import lineage as sql
from contox_hooks.pipeline.kinship import Kin, Kinship, Trees
from contox_hooks.pipeline.lineage import (
    LOST,
    REVERTED,
    decide_heir,
    is_shown,
    may_retell,
    moved_evidence,
    moved_range,
    reverted_by,
)
from contox_hooks.pipeline.quote import CommitTexts, cited_lines
from contox_hooks.pipeline.retelling import speaks_of, told_again
from contox_hooks.pipeline.tip import Tips
from contox_hooks.pipeline.work import Work, plural


class Carrying:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._store, self._items = work.service.store, work.service.items
        self._project_id = work.run.project_id
        blobs = work.tools.blobs
        self._trees = blobs if isinstance(blobs, Trees) else None
        self._kinship = Kinship(self._store, self._project_id, self._trees, paid=work.tools.extractor.paid)
        self._kin: dict[str, Kin] = {}
        self._told: list[Kin] = []
        self._again: list[Draft] = []
        self._taken: set[str] = set()
        """Items that a draft was put into, or that were made, in this run."""
        self._commits: dict[str, tuple[CommitDigest, StoredEvent] | None] = {}
        self._texts: dict[str, CommitTexts] = {}
        self._emptied: list[tuple[str, str]] = []
        self._lessened: dict[str, dict[str, str | None]] = {}
        """Items that cite some of their commits no more, with those and what they became."""
        self._retold: set[str] = set()

    def set_aside(self, results: Callable[[], Iterable[Iterable[Draft]]]) -> None:
        """Take the session's new commits that need no extraction out of what will be chunked. `results`: the drafts of
        chunks that were answered before."""
        self._kin = {kin.digest.sha: kin for kin in self._kinship.of_session(self._work.session.id)}
        if not self._kin:
            return
        again: dict[str, list[Draft]] = {}
        if any(kin.rewritten for kin in self._kin.values()):
            for draft in (draft for drafts in results() for draft in drafts):
                for sha in {entry.commit_sha for entry in draft.evidence}:
                    again.setdefault(sha, []).append(draft)
        with self._store.transaction():
            for sha, kin in self._kin.items():
                is_told = kin.is_told or sha in again
                self._store.run(sql.SET_ASIDE if is_told else sql.TAKE_BACK, id=kin.event.id)
                if is_told:
                    self._told.append(kin)
                    self._again += again.get(sha, ())

    @property
    def told(self) -> list[StoredEvent]:
        """Commits that nobody is asked about."""
        return [kin.event for kin in self._told]

    @property
    def sources(self) -> set[str]:
        """The commits that those were told by."""
        return {old.sha for kin in self._told for old in kin.sources}

    # Writing: only inside the stage's transaction, in this order.

    def carry(self) -> None:
        """Every item that cites what a rewrite replaced now cites what came of it; copies are cited beside."""
        for row in self._store.rows(sql.CITING_REWRITTEN, project_id=self._project_id):
            self._move(self._items.get(row["id"]))
        self._cite_copies()

    def add(self, draft: Draft) -> bool:
        """Store a draft: in the item that was carried to its commits, else as a new one. Whether it is new."""
        shas = {entry.commit_sha for entry in draft.evidence}
        draft = self._dated(draft, shas)
        carried = [item for sha in sorted(shas & self._kin.keys()) for item in self._citing(sha)]
        heir = decide_heir(draft, [item for item in carried if item.id not in self._taken])
        if heir is None:
            self._taken.add(self._items.add(self._project_id, self._work.session.id, draft))
            return True
        self._taken.add(heir.id)
        self._retell(heir, draft, shas)
        return False

    def _dated(self, draft: Draft, shas: Collection[str]) -> Draft:
        """A commit may be dated to any year; its event is not dated after it was seen."""
        seen = [row["at_utc"] for sha in shas if (row := self._kinship.commit(sha)) is not None]
        if not seen:
            return draft
        return replace(draft, at_utc=max(seen) if draft.at_utc is None else min(draft.at_utc, max(seen)))

    def finish(self, stored: Iterable[StoredEvent]) -> None:
        """After the drafts. `stored`: the commits that they are from."""
        for draft in self._again:
            cited = (replace(entry, event_id=known[1].id if (known := self._commit(entry.commit_sha)) else None)
                     for entry in draft.evidence)  # fmt: skip
            self.add(replace(draft, evidence=tuple(cited)))
        self._cite_copies()  # of what became memory just now
        for event in self.told:
            self._store.run(sql.MARK_TOLD, id=event.id, run_id=self._work.run.id)
        for item_id, gone in self._lessened.items():
            self._tell_of_less(item_id, gone)
        for item_id, old in self._emptied:
            self._supersede(item_id, old)
        for event in (*stored, *self.told):
            self._revert(event)
        self._look_for_lost()

    @property
    def detail(self) -> str:
        return f", {plural(len(self._told), 'commit')} carried along" if self._told else ""

    def _move(self, item: Item) -> None:
        finals: dict[str, str | None] = {}
        for sha in dict.fromkeys(entry.commit_sha for entry in item.evidence):
            final = self._kinship.final(sha)
            if final is None or (final != sha and self._commit(final) is not None):
                finals[sha] = final
        if not finals:
            return
        stood: set[str] = set()

        def standing(entry: Evidence, sha: str) -> Evidence | None:
            found = self._standing(entry, sha)
            stood.update(() if found is None else (entry.commit_sha,))
            return found

        evidence = moved_evidence(item.evidence, finals, standing)
        if evidence:
            self._write(item, evidence, finals)
            if gone := {old: final for old, final in finals.items() if old not in stood}:
                self._lessened[item.id] = gone
            self._take_in_others(item, {entry.commit_sha for entry in evidence})
        else:
            self._emptied.append((item.id, next(iter(finals))))

    def _write(self, item: Item, evidence: Collection[Evidence], finals: dict[str, str | None]) -> None:
        self._store.run(item_sql.DELETE_EVIDENCE, item_id=item.id)
        self._store.run_many(item_sql.INSERT_EVIDENCE, [
            {"item_id": item.id, "position": place, "commit_sha": entry.commit_sha, "event_id": entry.event_id,
             "path": entry.path, "quote": entry.quote}
            for place, entry in enumerate(evidence)
        ])  # fmt: skip
        gained = [entry.path for entry in evidence if entry.path is not None and entry.path not in item.files]
        files = tuple(dict.fromkeys((*item.files, *gained)))[:MAX_FILES]
        for path in dict.fromkeys(gained):
            self._store.run(
                item_sql.INSERT_FILE, project_id=self._project_id, path=path, item_id=item.id, cited_as=path
            )  # fmt: skip
        self._store.run(
            sql.SET_RANGE, id=item.id, commit_range=moved_range(item.commit_range, finals), files=json.dumps(files),
            now=self._store.now(),
        )  # fmt: skip
        if gained:
            self._items.index(item.id)
        if item.status == "review" and (item.status_reason or "").startswith(LOST):
            self._items.set_status(item.id, "active")

    def _take_in_others(self, item: Item, shas: set[str]) -> None:
        """What a person approved stays where its commit's heir became memory before the rewrite was known."""
        for other in (other for sha in sorted(shas - self._kin.keys()) for other in self._citing(sha)):
            same = other.type == item.type and {entry.commit_sha for entry in other.evidence} <= shas
            if item.approved_at is not None and other.approved_at is None and same:
                self._items.set_status(
                    other.id, "superseded", reason="merged: the same commit, told before", superseded_by=item.id
                )  # fmt: skip

    def _cite_copies(self) -> None:
        for kin in self._kin.values():
            if kin.copied and self._stands(kin.digest.sha):
                for old in kin.copied:
                    for item in self._citing(old.sha):
                        self._cite_copy(item, old.sha, kin)

    def _cite_copy(self, item: Item, old: str, kin: Kin) -> None:
        new = kin.digest.sha
        if any(entry.commit_sha == new for entry in item.evidence):
            return
        copies = [self._standing(entry, new) for entry in item.evidence if entry.commit_sha == old]
        found = tuple(dict.fromkeys(entry for entry in copies if entry is not None))
        if not found:
            return
        self._write(item, (*item.evidence, *found), {})
        self._store.run(sql.SEEN_AGAIN, id=item.id, at_utc=kin.event.event.at_utc, now=self._store.now())
        blamed = kin.reapplied is not None and kin.reapplied[:12] in (item.status_reason or "")
        if item.status == "review" and blamed:
            self._items.set_status(item.id, "active")

    def _retell(self, item: Item, draft: Draft, shas: set[str]) -> None:
        evidence = tuple({(e.commit_sha, e.quote, e.path): e for e in (*draft.evidence, *item.evidence)}.values())
        if not may_retell(item, shas):
            self._write(item, tuple(dict.fromkeys((*item.evidence, *evidence))), {})
            return
        self._say(item, draft, evidence, (*draft.files, *item.files))

    def _say(self, item: Item, draft: Draft, evidence: Collection[Evidence], files: Iterable[str]) -> None:
        words: dict[str, Any] = {
            "type": draft.type, "title": draft.title, "facts": draft.facts, "schema_key": draft.schema_key,
            "importance": draft.importance, "rationale": draft.rationale, "impact": draft.impact, "tags": draft.tags,
            "dedup_hint": draft.dedup_hint,
        }  # fmt: skip
        self._retold.add(item.id)
        self._write(replace(item, commit_range=draft.commit_range, files=tuple(dict.fromkeys(files))), evidence, {})
        self._items.retell(item.id, **words)
        for path in draft.files[:MAX_FILES]:
            self._store.run(
                item_sql.INSERT_FILE, project_id=self._project_id, path=path, item_id=item.id, cited_as=path
            )  # fmt: skip
        self._store.run(
            sql.RETELL, id=item.id, session_id=self._work.session.id, confidence=draft.confidence,
            at_utc=draft.at_utc, now=self._store.now(),
        )  # fmt: skip

    def _supersede(self, item_id: str, old: str) -> None:
        item = self._items.get(item_id)
        final = self._kinship.final(old)
        heir = final and self._store.row(
            item_sql.HEIR, project_id=self._project_id, commit_sha=final, type=item.type
        )  # fmt: skip
        how = self._how(old)
        reason = f"{how}: commit {old[:12]} became {final[:12]}" if final else f"{how} dropped {old[:12]}"
        self._items.set_status(item_id, "superseded", reason=reason, superseded_by=heir["id"] if heir else None)

    def _how(self, old: str) -> str:
        row = self._store.row(event_sql.REWRITE_OF, project_id=self._project_id, old_sha=old)
        return "rewritten" if row is None else str(row["command"])

    def _tell_of_less(self, item_id: str, gone: Mapping[str, str | None]) -> None:
        """It does not go on telling of commits that it cannot cite any more."""
        item = self._items.get(item_id)
        decided = item.approved_at is not None or not is_shown(item)
        if decided or item_id in self._retold or not speaks_of(
            self._work, item, set(gone.values()), self._kinship.final
        ):  # fmt: skip
            return
        commits = [self._commit(sha) for sha in dict.fromkeys(entry.commit_sha for entry in item.evidence)]
        known = [commit for commit in commits if commit is not None]
        draft = told_again(self._work, item, known) if len(known) == len(commits) else None
        if draft is not None:
            self._say(item, draft, tuple(dict.fromkeys((*draft.evidence, *item.evidence))), draft.files)
            named = {*draft.files, *(entry.path for entry in item.evidence)}
            for row in self._store.rows(item_sql.FILES_OF, item_id=item_id):
                if row["cited_as"] not in named:
                    self._store.run(
                        item_sql.UNLINK_FILE, project_id=self._project_id, path=row["path"], item_id=item_id,
                        cited_as=row["cited_as"],
                    )  # fmt: skip
        elif item.status == "active":
            old = next(iter(gone))
            self._items.set_status(
                item_id, "review", reason=f"it tells of {old[:12]} too, which {self._how(old)} took away"
            )  # fmt: skip

    def _revert(self, event: StoredEvent) -> None:
        digest = CommitDigest.from_payload(event.event.payload)
        target = reverted_by(digest)
        row = None if target is None else self._kinship.named(target)
        if row is None or not self._stands(digest.sha):
            return
        sha = row["key"].partition(":")[2]
        for item in self._citing(sha):
            if item.status == "active" and {entry.commit_sha for entry in item.evidence} == {sha}:
                self._items.set_status(item.id, "review", reason=f"{sha[:12]}{REVERTED}{digest.sha[:12]}")

    def _look_for_lost(self) -> None:
        """Items whose commits no branch of any clone here reaches any more, unless what they did stands without them,
        and those that stand again; once a worker and project, since it walks the history."""
        blobs = self._work.tools.blobs
        if blobs is None or self._trees is None or self._work.project.is_reach_known:
            return
        self._work.project.is_reach_known = True
        rows = self._store.rows(sql.STANDING_ON, project_id=self._project_id, lost=f"{LOST}%")
        lost = self._trees.unheld({row["sha"] for row in rows})
        stands_on: dict[str, list[str]] = {}
        status: dict[str, str] = {}
        for row in rows:
            stands_on.setdefault(row["id"], []).append(row["sha"])
            status[row["id"]] = row["status"]
        tips = Tips(blobs)
        for item_id, shas in stands_on.items():
            is_lost = lost.issuperset(shas) and not tips.hold(self._items.get(item_id), map(self._did, shas))
            if is_lost and status[item_id] == "active":
                self._items.set_status(item_id, "review", reason=f"{LOST}{shas[0][:12]} any more")
            elif not is_lost and status[item_id] == "review":
                self._items.set_status(item_id, "active")

    def _did(self, sha: str) -> tuple[CommitDigest | None, Patch | None]:
        known = self._commit(sha)
        return None if known is None else known[0], self._kinship.patch(sha)

    def _citing(self, sha: str) -> list[Item]:
        rows = self._store.rows(sql.CITING, project_id=self._project_id, sha=sha)
        return [self._items.get(row["id"]) for row in rows]

    def _standing(self, entry: Evidence, sha: str) -> Evidence | None:
        """The quote as it stands in another commit: under the same name, under another one, or in what its digest had
        to cut; of the message the subject stands for what was reworded."""
        known = self._commit(sha)
        if known is None:
            return None
        digest, event = known
        moved = replace(entry, commit_sha=sha, event_id=event.id)
        texts = self._texts.setdefault(sha, CommitTexts([digest]))
        if texts.hold(moved):
            return moved
        old = self._commit(entry.commit_sha)
        same = old is not None and self._kinship.is_same_work(old[0], digest)
        if entry.path is None:
            return replace(moved, quote=digest.subject) if same and digest.subject.strip() else None
        if same or (digest.diff_cut and self._is_in_full(entry, sha)):
            return moved
        elsewhere = [each for file in digest.files if texts.hold(each := replace(moved, path=file.path))]
        return elsewhere[0] if len(elsewhere) == 1 else None

    def _is_in_full(self, entry: Evidence, sha: str) -> bool:
        patch = self._kinship.patch(sha)
        lines = [line_of(entry.path or "", line) for line in cited_lines(entry.quote)]
        return patch is not None and bool(lines) and patch.added.issuperset(lines)

    def _commit(self, sha: str) -> tuple[CommitDigest, StoredEvent] | None:
        if sha not in self._commits:
            row = self._kinship.commit(sha)
            if row is None:
                self._commits[sha] = None
            else:
                event = stored_event(row)
                self._commits[sha] = CommitDigest.from_payload(event.event.payload), event
        return self._commits[sha]

    def _stands(self, sha: str) -> bool:
        row = self._kinship.commit(sha)
        return row is not None and row["superseded_by"] is None
