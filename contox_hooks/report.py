"""Puts memory and git together for the reports, for whoever shows them: the CLI, a server. No rules of its own.

Invariant: what leaves git here is without excluded paths, bounded, and its texts redacted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.error import RemoteError, SpendRefused
from contox_hooks.domain.narrow import Narrow, narrow_of
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.setting import Settings
from contox_hooks.git.repository import Repository

if TYPE_CHECKING:
    from contox_hooks.domain.item import Item, ItemStatus
    from contox_hooks.memory.project import Project
    from contox_hooks.memory.report.ask import Answer
    from contox_hooks.memory.report.changelog import Changelog, Mode
    from contox_hooks.memory.report.impact import Impact
    from contox_hooks.memory.report.onboarding import Guide
    from contox_hooks.memory.report.prose import Prose
    from contox_hooks.memory.search import QueryEmbedder
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.touched import Captured
    from contox_hooks.model.chat import Asker

MAX_COMMITS = 20_000
"""Of git, names of files only: some 23,000 a second (FACTS.md)."""
HISTORY_COMMITS = 2000
"""How far back modules are seen to change together: older habits say little of the code there is."""
GUIDE_COMMITS = 5000
CAPTURED_COMMITS = 5000
"""Read where there is no clone: 4 KB each with their diffs, some 20,000 a second."""
MAX_ITEMS = 20_000
MAX_PATHS = 100_000
MAX_IMPORT_LINES = 300_000
MAX_TEXT_BYTES = 200_000
"""Of a README or a manifest."""

_SHOWN: tuple[ItemStatus, ...] = ("active", "review")


@dataclass(frozen=True)
class Reports:
    """Reports of one project. Without a clone of it (`repo` None) they say what memory alone knows."""

    service: Service
    project: Project
    repo: Repository | None
    settings: Settings

    def ask(self, question: str, *, embedder: QueryEmbedder | None = None, asker: Asker | None = None) -> Answer:
        """With an asker, its answer over the passages; without passages it is not asked."""
        answer = self.passages(question, embedder=embedder, are_sent=asker is not None)
        if asker is None or not answer.passages:
            return answer
        prose, trouble = self.prose(asker, "ask", question, answer.sources)
        return replace(answer, prose=prose, trouble=trouble)

    def passages(self, question: str, *, embedder: QueryEmbedder | None = None, are_sent: bool) -> Answer:
        """An answer without a model's words. `are_sent`: one will be shown them."""
        from contox_hooks.memory.report.ask import LOOKED_AT, answer_of

        hits = self.service.search(self.project.id, question, limit=LOOKED_AT, embedder=embedder)
        if are_sent:
            narrowed = ((hit, self._narrow.item(hit.item)) for hit in hits)
            hits = [replace(hit, item=item) for hit, item in narrowed if item is not None]
        return answer_of(question, hits)

    @staticmethod
    def prose(asker: Asker, purpose: str, task: str, sources: Sequence[str]) -> tuple[Prose | None, str]:
        """One question to the model; or None, and why in one line. Nothing is asked about nothing."""
        from contox_hooks.memory.report.prose import Unusable, prose_of, question_about

        if not sources:
            return None, ""
        try:
            return prose_of(asker.ask(question_about(task, sources), purpose=purpose), sources), ""
        except Unusable as error:
            return None, f"{asker.name}: {error}"
        except (RemoteError, SpendRefused) as error:
            return None, error.message

    def changelog(
        self, *, since: int, until: int, mode: Mode = "developer", limit: int | None = None
    ) -> Changelog:  # fmt: skip
        """`since`, `until` in seconds since the epoch; `limit`: of entries, MAX_ENTRIES at most."""
        from contox_hooks.memory.report.changelog import MAX_ENTRIES, changelog_of

        touches, cut = self._bounded(since)
        return changelog_of(
            self.items(since), touches, mode=mode, since=since, until=until, touches_cut=cut,
            limit=MAX_ENTRIES if limit is None else min(limit, MAX_ENTRIES),
        )  # fmt: skip

    def impact(self, *, since: int) -> Impact:
        from contox_hooks.memory.report.impact import impact_of

        history = self.touches(limit=HISTORY_COMMITS)
        recent, cut = self._bounded(since)
        return impact_of(
            recent, history, self.users, self.items(), tracked=self.tracked, since=since, recent_cut=cut
        )  # fmt: skip

    def guide(self) -> Guide:
        from contox_hooks.memory.report.manifest import MANIFESTS, READMES
        from contox_hooks.memory.report.onboarding import Sources, guide_of

        present, history = set(self.tracked), self.touches(limit=GUIDE_COMMITS + 1)
        sources = Sources(
            items=self.items(),
            touches=history[:GUIDE_COMMITS],
            touches_cut=len(history) > GUIDE_COMMITS,
            tracked=self.tracked,
            users=self.users,
            texts=self._texts([name for name in (*READMES, *MANIFESTS) if name in present]),
        )
        return guide_of(self.project.name, sources, generated_at=self.service.store.now())

    def items(self, since: int | None = None) -> list[Item]:
        """Active ones, then those in review; each the most important first."""
        page = self.service.items.page
        return [
            item
            for status in _SHOWN
            for found in page(self.project.id, status=status, since=since, limit=MAX_ITEMS)
            if (item := self._narrow.item(found)) is not None
        ]

    @property
    def unseen(self) -> list[str]:
        """What a clone would tell besides, a line each."""
        if self.repo is not None:
            return [] if self.settings.diffs else ["diffs are off: no file is read, imports are not known"]
        return [
            f"no clone of the repository is at hand: the last {CAPTURED_COMMITS:,} captured commits stand for it",
            "imports between files, the README and the manifests are not known",
        ]

    def touches(self, since: int | None = None, *, limit: int) -> list[Touch]:
        if self.repo is None:
            from contox_hooks.memory.touched import touches as captured_touches

            recent = [each for each in self._captured if since is None or each.at_utc >= since]
            return captured_touches(recent, self._narrow.digest)[:limit]
        from contox_hooks.git.activity import touches

        return touches(self.repo, self._exclusions, limit=limit, since=since)

    @cached_property
    def _captured(self) -> list[Captured]:
        from contox_hooks.memory.touched import captured

        return captured(self.service.store, self.project.id, since=0, limit=CAPTURED_COMMITS)

    def _bounded(self, since: int) -> tuple[list[Touch], bool]:
        """At most MAX_COMMITS, and whether there were more."""
        found = self.touches(since, limit=MAX_COMMITS + 1)
        return found[:MAX_COMMITS], len(found) > MAX_COMMITS

    @cached_property
    def tracked(self) -> list[str]:
        """The files of HEAD, or those that the captured commits left."""
        if self.repo is None:
            from contox_hooks.memory.touched import standing_files

            return standing_files(self._captured, self._narrow.digest)[:MAX_PATHS]
        from contox_hooks.git.activity import tracked

        return tracked(self.repo, self._exclusions, limit=MAX_PATHS)

    @cached_property
    def users(self) -> dict[str, frozenset[str]]:
        """File to the files that import it."""
        from contox_hooks.git.activity import import_lines
        from contox_hooks.memory.report.imports import uses

        if self.repo is None or not self.settings.diffs:
            return {}
        return uses(import_lines(self.repo, self._exclusions, limit=MAX_IMPORT_LINES), self.tracked)

    @cached_property
    def _exclusions(self) -> Exclusions:
        return Exclusions(self.settings.exclude)

    @cached_property
    def _narrow(self) -> Narrow:
        return narrow_of(self.settings)

    def _texts(self, paths: Sequence[str]) -> dict[str, str]:
        """As of HEAD; without what is not here or too large. Where `diffs` is off no contents are read."""
        from contox_hooks.domain.redaction import redact
        from contox_hooks.git.blob import read_blobs

        if self.repo is None or not self.settings.diffs:
            return {}
        blobs = read_blobs(self.repo, [("HEAD", path) for path in paths], max_bytes=MAX_TEXT_BYTES)
        return {
            blob.path: redact(blob.content.decode("utf-8", "replace")).text
            for blob in blobs
            if blob.content is not None
        }
