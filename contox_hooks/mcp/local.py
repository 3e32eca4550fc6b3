"""The memory of this machine behind the protocol `Memory`: the service called in this process, from any thread.

Stores stay open between calls, so that what memory/kept.py and the search keep stays warm. Must not know MCP or HTTP.
Invariant: only this repository's project is read or changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Literal, cast

from contox_hooks import work
from contox_hooks.asker import OFFLINE, meter_for
from contox_hooks.assembly import Assembly
from contox_hooks.configuration import effective_settings
from contox_hooks.domain.error import Busy, NotFound, NotInitialised, SettingError, UsageError
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.domain.narrow import narrow_of
from contox_hooks.domain.setting import Effective
from contox_hooks.embedder import embedder_if_any
from contox_hooks.git.repository import Repository
from contox_hooks.mcp.memory import LEAST_QUESTION, Object
from contox_hooks.memory.hygiene.analysis import analyze
from contox_hooks.memory.hygiene.applying import apply
from contox_hooks.memory.hygiene.plan import plan_from
from contox_hooks.memory.kept import kept_brain
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.project import Project
from contox_hooks.memory.report.changelog import Mode
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session, no_session
from contox_hooks.memory.store import Store
from contox_hooks.model.chat import Asker
from contox_hooks.place import memory_path
from contox_hooks.report import Reports
from contox_hooks.segment import refresh_segment
from contox_hooks.shape.drift import drift_object, problems_object
from contox_hooks.shape.hygiene import plan_object
from contox_hooks.shape.item import items_object
from contox_hooks.shape.search import search_object
from contox_hooks.shape.session import (
    FILTERS,
    StatusWord,
    events_object,
    jobs_shape,
    sessions_object,
    whole_session_shape,
)
from contox_hooks.wire.item import STATUS_WORDS, item_object

DRAIN_S: Final = 10.0
"""For another drain to end: its commits belong to the session that is about to close."""
EVENTS: Final = 50
"""Of a session: a page of the route."""
_DAY_S: Final = 86_400


class LocalMemory:
    """Implements memory.Memory."""

    def __init__(self, repo: Repository, name: str) -> None:
        """Of a repository whose project is known to the memory store."""
        self._repo = repo
        self._pool = Pool(lambda: Store.open(memory_path()))
        self.name = name
        self.where = "this machine"

    @classmethod
    def of(cls, parts: Assembly) -> LocalMemory:
        """Raises NotInitialised where nothing is captured, StoreError."""
        if not parts.state.database.exists():
            raise _nothing_here(parts.repo)
        return cls(parts.repo, parts.project.name)

    def close(self) -> None:
        """When no call is under way."""
        self._pool.close()

    def brain(self, *, active_files: Sequence[str] = (), budget_tokens: int = 6000, limit: int | None = None) -> Object:
        with self._visit() as (service, project):
            found = kept_brain(service, project.id, budget_tokens=budget_tokens, limit=limit, active_files=active_files)
            return found.to_wire(assembled_at=service.store.now())

    def search(
        self, query: str, *, limit: int = 10, min_similarity: float = 0.0, active_files: Sequence[str] = ()
    ) -> Object:
        with self._visit() as (service, project):
            return search_object(
                service, project.id, query, limit=limit, min_similarity=min_similarity, active_files=active_files,
                composite=bool(active_files), embedder=embedder_if_any(),
            )  # fmt: skip

    def items(
        self, *, schema_key: str | None = None, status: str = "active", limit: int = 50, offset: int = 0
    ) -> Object:
        wanted = None if status == "all" else _status(status)
        with self._visit() as (service, project):
            return items_object(
                service, project.id, schema_key=schema_key or None, status=wanted, limit=limit, offset=offset
            )

    def item(self, item_id: str) -> Object:
        with self._visit() as (service, project):
            return item_object(_item(service, project, item_id))

    def decide(self, item_id: str, status: Literal["approved", "deprecated", "draft"]) -> Object:
        with self._visit() as (service, project):
            found = _item(service, project, item_id)
            service.reviews.decide(found.id, _status(status))
            return item_object(service.items.get(found.id))

    def ask(self, question: str) -> Object:
        question = question.strip()
        if len(question) < LEAST_QUESTION:
            raise UsageError(f"a question has at least {LEAST_QUESTION} characters")
        with self._visit() as (service, project):
            effective = self._effective(project)
            is_sent = effective.settings.model != OFFLINE
            reports = Reports(service, project, None, effective.settings)  # it reads nothing of git
            told = reports.passages(question, embedder=embedder_if_any(), are_sent=is_sent)
        # While a model answers, no store is held that another call could use.
        if told.passages:
            with self._asker(effective, project) as (asker, trouble):
                told = replace(told, trouble=trouble)
                if asker is not None:
                    prose, trouble = Reports.prose(asker, "ask", question, told.sources)
                    told = replace(told, prose=prose, trouble=trouble)
        return told.to_wire()

    def analyze(self, *, mode: Literal["quick", "weekly"], schema_key_prefix: str | None = None) -> Object:
        with self._visit() as (service, project):
            effective = self._effective(project)
            with self._asker(effective, project) as (asker, trouble):
                plan = analyze(
                    service, project.id, mode=mode, key_prefix=schema_key_prefix or None, asker=asker,
                    narrow=None if asker is None else narrow_of(effective.settings),
                )  # fmt: skip
            if trouble:
                plan = replace(plan, warnings=(f"rules alone, without a model: {trouble}", *plan.warnings))
            return plan_object(service, plan)

    def apply(self, plan: Object, action_ids: Sequence[str], *, dry_run: bool) -> Object:
        with self._visit() as (service, project):
            done = apply(service, project.id, plan_from(dict(plan)), selected=action_ids, dry_run=dry_run)
            return done.to_json()

    def auto_resolve(self, commits: Sequence[Object], *, dry_run: bool) -> Object:
        with self._visit() as (service, project):
            return service.auto_resolve(project.id, commits, dry_run=dry_run).to_json()

    def check_drift(self) -> Object:
        with self._visit() as (service, project):
            return drift_object(service, project.id)

    def drift(self) -> Object:
        with self._visit() as (service, project):
            return problems_object(service, project.id)

    def changelog(self, *, mode: Mode, since: int) -> Object:
        with self._reports() as reports:
            told = reports.changelog(since=since, until=reports.service.store.now(), mode=mode)
            return {**told.to_wire(), "unseen": reports.unseen}

    def impact(self, *, days: int) -> Object:
        with self._reports() as reports:
            told = reports.impact(since=reports.service.store.now() - days * _DAY_S)
            return {**told.to_wire(), "unseen": reports.unseen}

    def onboarding(self) -> Object:
        with self._reports() as reports:
            return {**reports.guide().to_wire(), "unseen": reports.unseen}

    def sessions(self, *, limit: int = 20, offset: int = 0, status: str | None = None) -> Object:
        if status not in FILTERS:
            raise UsageError(f"there is no session status {status!r}", hint=", ".join(filter(None, FILTERS)))
        wanted = cast(StatusWord | None, status)
        with self._visit() as (service, project):
            return sessions_object(service, project.id, limit=limit, offset=offset, status=wanted)

    def session(self, session_id: str) -> Object:
        with self._visit() as (service, project):
            found = _session(service, project, session_id)
            jobs = service.jobs.of_session(found.id)
            model = self._effective(project).settings.model
            events = events_object(service, found, limit=EVENTS, offset=0)["events"]
            return {**whole_session_shape(found, jobs, model=model), **jobs_shape(jobs), "events": events}

    def end_session(self, session_id: str) -> Object:
        with self._visit() as (service, project):
            is_open = _session(service, project, session_id).status == "active"
        if is_open:
            self._end(session_id)
        return {"ok": True, "sessionId": session_id, "status": "closed"}

    def _end(self, session_id: str) -> None:
        """Raises Busy: what another drain holds belongs to the session, which cannot be closed without it."""
        parts = Assembly(self._repo)  # one thread's own
        with parts.service as service:
            done = parts.drain().run(wait_s=DRAIN_S, reconcile=True)
            if done is None:
                raise Busy(
                    "another drain is at work: the session stays open", hint="contox-hooks doctor, if that lasts"
                )
            service.sessions.close(session_id, reason="ended")
            work.start_behind(parts, done)
            refresh_segment(parts)
            parts.start_sender()

    @contextmanager
    def _visit(self) -> Iterator[tuple[Service, Project]]:
        """A service of its own for the time being, and the project as it is now."""
        with self._pool.service() as service:
            project = service.projects.of_clone(self._repo.common_dir)
            if project is None:
                raise _nothing_here(self._repo)
            yield service, project

    @contextmanager
    def _reports(self) -> Iterator[Reports]:
        with self._visit() as (service, project):
            yield Reports(service, project, self._repo, self._effective(project).settings)

    def _effective(self, project: Project) -> Effective:
        """In force now. Raises SettingError: what reads git must know what is excluded."""
        return effective_settings(self._repo, project.settings)

    @contextmanager
    def _asker(self, effective: Effective, project: Project) -> Iterator[tuple[Asker | None, str]]:
        """The model that the settings name; or None, and why it cannot be asked."""
        if effective.settings.model == OFFLINE:
            yield None, ""
            return
        with self._pool.open_store() as store:
            asker, trouble = None, ""
            try:
                asker = meter_for(effective, store, project.id)
            except SettingError as error:
                trouble = f"{error.message}: {error.hint}" if error.hint else error.message
            yield asker, trouble


def _item(service: Service, project: Project, item_id: str) -> Item:
    """Raises NotFound, also for another project's."""
    found = service.items.get(item_id)
    if found.project_id != project.id:
        raise NotFound(f"there is no memory item {item_id}", hint="contox-hooks memory")
    return found


def _session(service: Service, project: Project, session_id: str) -> Session:
    """Raises NotFound, also for another project's."""
    found = service.sessions.get(session_id)
    if found.project_id != project.id:
        raise no_session(session_id)
    return found


def _status(word: str) -> ItemStatus:
    """The clients' words, and those of the documentation."""
    if word not in STATUS_WORDS:
        raise UsageError(f"there is no item status {word!r}", hint=", ".join(STATUS_WORDS))
    return STATUS_WORDS[word]


def _nothing_here(repo: Repository) -> NotInitialised:
    return NotInitialised(f"nothing is captured in {repo.common_dir.parent} yet", hint="contox-hooks init")
