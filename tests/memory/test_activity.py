"""Commits and items by day, and the sessions of several projects in one list (memory/activity.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contox_hooks.domain.event import rewrite_event
from contox_hooks.domain.item import Draft
from contox_hooks.memory.activity import DAY_S, Day, days_of, sessions_of, sources_of
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import Clock, commit, open_service, sha

MIDNIGHT = 20_000 * DAY_S


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where, Clock(MIDNIGHT + 3600)) as service:
        yield service


def draft(at: int) -> Draft:
    return Draft("decision", f"At {at}", "", "root/decisions", 0.9, 3, (), at_utc=at)


def test_a_day_is_utc_and_none_is_left_out(service: Service) -> None:
    one, other = service.projects.create("one").id, service.projects.create("other").id
    before = MIDNIGHT - 1
    service.ingest(
        one, [commit(1, before), commit(2, MIDNIGHT), commit(3, MIDNIGHT - 2 * DAY_S), commit(4, MIDNIGHT - 3 * DAY_S)]
    )
    service.ingest(other, [commit(5, MIDNIGHT + 10)])
    assert days_of(service.store, [one], days=3) == [
        Day(MIDNIGHT - 2 * DAY_S, 1, 0), Day(MIDNIGHT - DAY_S, 1, 0), Day(MIDNIGHT, 1, 0),
    ]  # fmt: skip
    assert [day.commits for day in days_of(service.store, [one, other], days=3)] == [1, 1, 2]
    assert days_of(service.store, [], days=1) == [Day(MIDNIGHT, 0, 0)]


def test_what_was_replaced_or_put_away_does_not_count(service: Service) -> None:
    project = service.projects.create("one").id
    service.ingest(
        project,
        [
            commit(1, MIDNIGHT),
            commit(2, MIDNIGHT + 1),
            rewrite_event([(sha(1), sha(2))], command="amend", at_utc=MIDNIGHT + 1),
        ],
    )
    with service.store.transaction():
        ids = [service.items.add(project, None, draft(MIDNIGHT - DAY_S + n)) for n in range(3)]
        service.items.set_status(ids[0], "archived")
    assert days_of(service.store, [project], days=2) == [Day(MIDNIGHT - DAY_S, 0, 2), Day(MIDNIGHT, 1, 0)]


def test_the_newest_of_all_projects_come_first_on_every_page(service: Service) -> None:
    projects = [service.projects.create(name).id for name in ("a", "b", "c")]
    made = []
    for number in range(12):
        at = MIDNIGHT - number * DAY_S
        made.append(service.ingest(projects[number % 3], [commit(number, at)])[0].session_id)
    service.jobs.request([made[4]], trigger="manual")
    pages = [sessions_of(service.store, projects, limit=5, offset=offset) for offset in (0, 5, 10, 15)]
    assert [listed.session.id for page in pages for listed in page.sessions] == made
    assert [page.total for page in pages] == [12] * 4
    assert [len(listed.jobs) for listed in pages[0].sessions] == [0, 0, 0, 0, 5]
    [found] = sessions_of(service.store, projects, limit=5, lifecycle="enriching").sessions
    assert found.session.id == made[4]
    assert sessions_of(service.store, [], limit=5).total == 0
    assert sources_of(service.store, projects) == ["git-hooks"]
