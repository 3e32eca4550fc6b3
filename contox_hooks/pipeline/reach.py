"""Which commits did not stay: no branch of any clone here reaches them, and what they did is not on its tip either.

A forge that squashes what it merges leaves the branch's commits to nobody, but their work stays. Asked of git once a
worker for each. Invariant: what is on no clone here, or cannot be known, stays: nothing follows from what nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.event import SOURCE_HISTORY
from contox_hooks.memory.session import stored_event
from contox_hooks.memory.sql import resolve as sql
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.kinship import Trees
from contox_hooks.pipeline.tip import Tips
from contox_hooks.pipeline.work import Work

SHOWN = 12
"""Characters of a commit's id, as reasons name it."""


def lost_commits(work: Work, shas: Iterable[str]) -> set[str]:
    """The first SHOWN characters of those of these commits (at least so much of their ids) that did not stay. History
    is read from what branches reach: its sessions need not ask."""
    blobs = work.tools.blobs
    if not isinstance(blobs, Trees) or work.session.source == SOURCE_HISTORY:
        return set()
    if work.project.reach is None:
        work.project.reach = Reach(work.service.store, work.run.project_id, blobs, Tips(blobs))
    return work.project.reach.lost(shas)


class Reach:
    def __init__(self, store: Store, project_id: str, trees: Trees, tips: Tips) -> None:
        self._store = store
        self._project_id = project_id
        self._trees = trees
        self._tips = tips
        self._known: dict[str, bool] = {}

    def lost(self, shas: Iterable[str]) -> set[str]:
        asked = {sha[:SHOWN] for sha in shas}
        if new := asked - self._known.keys():
            lost = {sha[:SHOWN] for sha in self._trees.unheld(new) if not self._is_work_kept(sha)}
            self._known |= {sha: sha in lost for sha in new}
        return {sha for sha in asked if self._known[sha]}

    def _is_work_kept(self, sha: str) -> bool:
        key = f"commit:{sha}"
        row = self._store.row(sql.COMMIT_NAMED, project_id=self._project_id, low=key, high=f"{key}g")
        if row is None:
            return False
        return self._tips.have(CommitDigest.from_payload(stored_event(row).event.payload), self._trees.patch(sha))
