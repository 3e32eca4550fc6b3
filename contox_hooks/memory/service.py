"""The memory service: one object, many doors. The local backend, the pipeline and the CLI call it in-process.

Owns nothing but the parts' names; each noun's rules are in its own module. What the hook's path does not need (items,
search, brain) is imported when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from contox_hooks.backend.protocol import Receipt
from contox_hooks.domain.event import SOURCE_HOOKS, Event
from contox_hooks.domain.pipeline import Job
from contox_hooks.domain.session import WindowMode
from contox_hooks.memory.ingest import ingest
from contox_hooks.memory.job import Jobs, Run
from contox_hooks.memory.project import Project, Projects
from contox_hooks.memory.session import Session, Sessions
from contox_hooks.memory.sql import session as session_sql
from contox_hooks.memory.store import Place, Store

if TYPE_CHECKING:
    from contox_hooks.memory.access import Access
    from contox_hooks.memory.brain import Brain
    from contox_hooks.memory.context import Contexts
    from contox_hooks.memory.context_link import Links
    from contox_hooks.memory.entry import Entries
    from contox_hooks.memory.item import Items
    from contox_hooks.memory.resolving import Resolved
    from contox_hooks.memory.review import Reviews
    from contox_hooks.memory.search import Filters, QueryEmbedder, SearchHit


@dataclass(frozen=True, slots=True)
class Status:
    """A project at a glance."""

    project: Project
    sessions: int
    events: int
    unprocessed: int
    """Commits that are not memory yet."""
    items: Mapping[str, int]
    """By status; a status without items is missing."""
    active: Session | None
    """The open session of the user's own work (source git-hooks)."""
    last_save_at: int | None
    """When its last event happened, seconds since the epoch; None before the first."""
    latest_run: Run | None
    jobs: tuple[Job, ...]
    """Of the latest run."""
    pending_runs: int
    failed: tuple[Job, ...]
    """Failed stages that wait for `retry`, latest first."""
    to_review: int = 0
    """Items that a person is asked about."""


class Service:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.projects = Projects(store)
        self.sessions = Sessions(store)
        self.jobs = Jobs(store)

    @cached_property
    def items(self) -> Items:
        from contox_hooks.memory.item import Items

        return Items(self.store)

    @cached_property
    def access(self) -> Access:
        from contox_hooks.memory.access import Access

        return Access(self.store)

    @cached_property
    def contexts(self) -> Contexts:
        from contox_hooks.memory.context import Contexts

        return Contexts(self.store)

    @cached_property
    def entries(self) -> Entries:
        from contox_hooks.memory.entry import Entries

        return Entries(self.store)

    @cached_property
    def links(self) -> Links:
        from contox_hooks.memory.context_link import Links

        return Links(self.store)

    @classmethod
    def open(cls, path: Place, *, readonly: bool = False) -> Service:
        """Raises StoreNewer, StoreDamaged, StoreError."""
        return cls(Store.open(path, readonly=readonly))

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def ingest(self, project_id: str, events: Sequence[Event], *, window: WindowMode = "fixed") -> list[Receipt]:
        """Store events, each in the session it happened in; one receipt an event, in order. One transaction."""
        return ingest(self.store, project_id, events, window=window)

    def generate(self, session_id: str) -> list[Job]:
        """`Generate Memory`: the session ends (CONTRACT.md section 4), and what of it is not memory yet is queued, due
        at once; where nothing is new, the stage that failed is. The jobs of its newest run. Raises NotFound."""
        with self.store.transaction():
            self.sessions.close(session_id)
            if self.jobs.unprocessed(self.sessions.get(session_id).project_id, session_id=session_id):
                self.jobs.request([session_id], trigger="manual")
            elif any(job.status == "failed" for job in self.jobs.of_session(session_id)):
                self.jobs.retry(session_id)
            return self.jobs.of_session(session_id)

    def search(
        self,
        project_id: str,
        query: str,
        *,
        limit: int = 10,
        embedder: QueryEmbedder | None = None,
        filters: Filters | None = None,
        active_files: Iterable[str] = (),
    ) -> list[SearchHit]:
        """Best first; never raises on a query. Each hit explains its score in `parts`."""
        from contox_hooks.memory.search import search

        return search(
            self.store, project_id, query, limit=limit, embedder=embedder, filters=filters, active_files=active_files
        )

    def brain(
        self,
        project_id: str,
        *,
        budget_tokens: int = 6000,
        min_confidence: float = 0.0,
        limit: int | None = None,
        active_files: Iterable[str] = (),
    ) -> Brain:
        """The project's memory as one Markdown document, of items of at least `min_confidence`; the other parameters as
        in `brain_of`."""
        from contox_hooks.memory.brain import brain_of
        from contox_hooks.memory.brain_source import StoredItems

        return brain_of(
            self.projects.get(project_id).name, StoredItems(self.store, project_id, min_confidence),
            lambda head: self.items.get(head.id),
            budget_tokens=budget_tokens, limit=limit, active_files=active_files,
        )  # fmt: skip

    @cached_property
    def reviews(self) -> Reviews:
        from contox_hooks.memory.review import Reviews

        return Reviews(self.store)

    def auto_resolve(self, project_id: str, commits: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Resolved:
        """Open bug and todo items that these commits settled: CONTRACT.md section 1.4, `POST /api/v2/auto-resolve`."""
        from contox_hooks.memory.resolving import auto_resolve

        return auto_resolve(self.store, project_id, commits, dry_run=dry_run)

    def status(self, project_id: str) -> Status:
        totals = self.store.row(session_sql.TOTALS, project_id=project_id)
        latest = self.jobs.latest_run_of_project(project_id)
        return Status(
            project=self.projects.get(project_id),
            sessions=totals["sessions"] if totals else 0,
            events=(totals["events"] or 0) if totals else 0,
            unprocessed=self.jobs.unprocessed(project_id),
            items=self.items.counts_by_status(project_id),
            active=self.sessions.active(project_id, SOURCE_HOOKS),
            last_save_at=self.sessions.last_event_at(project_id, source=SOURCE_HOOKS),
            latest_run=latest,
            jobs=() if latest is None else tuple(self.jobs.of_run(latest.id)),
            pending_runs=self.jobs.pending_count(project_id),
            failed=tuple(self.jobs.failed(project_id)),
            to_review=self.reviews.count(project_id),
        )
