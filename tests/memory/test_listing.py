"""A page of sessions with their jobs, and what tells that something changed, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contox_hooks.domain.item import Draft
from contox_hooks.domain.session import Lifecycle
from contox_hooks.memory.listing import listing
from contox_hooks.memory.pulse import items_pulse, mark, pipeline_pulse, sessions_pulse
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import lifecycle
from contox_hooks.memory.store import Place
from tests.memory.events import DAY, HOUR, Clock, a_project, commit, open_service


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(where: Place, clock: Clock) -> Iterator[Service]:
    with open_service(where, clock) as service:
        yield service


@pytest.fixture
def project_id(service: Service) -> str:
    return a_project(service).id


def sessions_of_all_kinds(service: Service, project_id: str) -> dict[Lifecycle, str]:
    """One of each lifecycle, in this order of time."""
    kinds: list[Lifecycle] = ["completed", "enriching", "enriched", "failed", "active"]
    at = {kind: DAY + (3 + number * 5) * HOUR for number, kind in enumerate(kinds)}
    found = {kind: service.ingest(project_id, [commit(at[kind], at[kind])])[0].session_id for kind in kinds}
    service.jobs.request([found["enriching"], found["enriched"], found["failed"]], trigger="manual")
    for job in service.jobs.of_session(found["enriched"]):
        service.jobs.finish(job, "skipped" if job.stage == "embed" else "done")
    service.jobs.finish(service.jobs.of_session(found["failed"])[0], "failed", error="no")
    return found


def test_each_session_with_the_jobs_of_its_newest_run(service: Service, project_id: str) -> None:
    found = sessions_of_all_kinds(service, project_id)
    page = listing(service.store, project_id, limit=10)
    assert page.total == 5
    assert [(each.lifecycle, each.session.id) for each in page.sessions] == list(reversed(found.items()))
    for each in page.sessions:
        assert list(each.jobs) == service.jobs.of_session(each.session.id)
        assert each.lifecycle == lifecycle(each.session, each.jobs)


def test_found_by_lifecycle_in_pages(service: Service, project_id: str) -> None:
    found = sessions_of_all_kinds(service, project_id)
    for kind in found:
        page = listing(service.store, project_id, limit=10, lifecycle=kind)
        wanted = ["enriched", "completed"] if kind == "completed" else [kind]
        assert [each.session.id for each in page.sessions] == [found[each] for each in wanted]  # type: ignore[index]
        assert page.total == len(wanted)
        assert listing(service.store, project_id, limit=10, offset=1, lifecycle=kind).sessions == page.sessions[1:]
    assert listing(service.store, project_id, limit=10, status="active").total == 1
    assert listing(service.store, project_id, limit=10, source="cli").total == 0


def test_a_failure_is_over_when_a_newer_run_went_well(service: Service, project_id: str) -> None:
    failed = sessions_of_all_kinds(service, project_id)["failed"]
    service.jobs.request([failed], trigger="manual")
    for job in service.jobs.of_session(failed):
        service.jobs.finish(job, "done")
    assert listing(service.store, project_id, limit=10, lifecycle="failed").total == 0


def test_generate_memory_queues_or_takes_up(service: Service, project_id: str, clock: Clock) -> None:
    found = sessions_of_all_kinds(service, project_id)
    assert [job.status for job in service.generate(found["active"])] == ["queued"] * 5
    assert service.sessions.get(found["active"]).end_reason == "external"
    assert service.generate(found["enriching"]) == service.jobs.of_session(found["enriching"])
    assert service.generate(found["failed"])[0].status == "queued"


def test_one_session_a_source_is_open(service: Service, project_id: str, clock: Clock) -> None:
    first, is_new = service.sessions.ensure(project_id, "vscode")
    assert is_new
    assert service.sessions.ensure(project_id, "vscode") == (first, False)
    assert service.sessions.ensure(project_id, "cursor")[1]
    clock.now += 4 * HOUR
    second, is_new = service.sessions.ensure(project_id, "vscode")
    assert is_new
    assert service.sessions.get(first).status == "closed"
    assert service.sessions.active(project_id, "vscode") == service.sessions.get(second)


def test_every_change_shows_in_its_pulse_and_in_the_mark(service: Service, project_id: str, where: Place) -> None:
    with open_service(where) as onlooker:
        store = onlooker.store

        def pulses() -> list[dict[str, object]]:
            return [pulse(store, project_id) for pulse in (sessions_pulse, pipeline_pulse, items_pulse)]

        before, seen = pulses(), mark(store)
        assert (pulses(), mark(store)) == (before, seen)

        def changed() -> list[bool]:
            nonlocal before, seen
            assert mark(store) != seen
            old, before, seen = before, pulses(), mark(store)
            return [now != then for now, then in zip(before, old, strict=True)]

        session_id, _ = service.sessions.ensure(project_id, "cli")
        assert changed() == [True, False, False]
        service.ingest(project_id, [commit(1, DAY + 24 * HOUR)])
        assert changed() == [True, False, False]
        service.sessions.close(session_id)
        assert changed() == [True, False, False]
        service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
        assert changed() == [False, True, False]
        (run,) = service.jobs.pending()
        for job in service.jobs.of_run(run.id):
            service.jobs.start(job)
            assert changed() == [False, True, False]
            service.jobs.finish(job, "done")
            assert changed() == [False, True, False]
        with service.store.transaction():
            item_id = service.items.add(project_id, None, Draft("bug", "t", "f", "root/bugs", 0.8, 3, ()))
        assert changed() == [False, False, True]
        service.items.set_status(item_id, "review")
        assert changed() == [False, False, True]
