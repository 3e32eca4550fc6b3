"""Which session an event joins, through ingest; how sessions end; what people see of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import SOURCE_HISTORY, SOURCE_HOOKS, landed_event, rewrite_event
from contox_hooks.domain.pipeline import STAGES, Job, Stage
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session, lifecycle
from contox_hooks.memory.store import Place, Store
from tests.memory.events import DAY, HOUR, Clock, a_project, commit, open_service, sha


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(where: Place, clock: Clock) -> Iterator[Service]:
    with open_service(where, clock) as service:
        yield service


def spans(service: Service, project_id: str) -> list[tuple[int, int | None, str, int]]:
    """(start, end, status, events) in hours after DAY, oldest first."""
    return [
        (
            (session.started_at - DAY) // HOUR,
            None if session.ended_at is None else (session.ended_at - DAY) // HOUR,
            session.status,
            session.event_count,
        )
        for session in reversed(service.sessions.page(project_id, limit=100))
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([0, 1, 3], [(0, 4, "closed", 3)]),
        ([0, 4], [(0, 4, "closed", 1), (4, 8, "closed", 1)]),  # the window's end is not in it
        ([0, 10], [(0, 4, "closed", 1), (10, 14, "closed", 1)]),
        ([5, 1], [(1, 5, "closed", 1), (5, 9, "closed", 1)]),  # late: over when the next one starts
        ([5, 4], [(4, 5, "closed", 1), (5, 9, "closed", 1)]),
        ([0, 6, 2], [(0, 4, "closed", 2), (6, 10, "closed", 1)]),  # late, into a session closed since
        ([22, 23], [(22, None, "active", 2)]),
        ([30], [(24, None, "active", 1)]),  # a clock that runs ahead counts as now
    ],
)
def test_events_one_by_one(
    service: Service, hours: list[int], expected: list[tuple[int, int | None, str, int]]
) -> None:
    project = a_project(service)
    for number, hour in enumerate(hours):
        service.ingest(project.id, [commit(number, DAY + hour * HOUR)])
    assert spans(service, project.id) == expected


def test_last_second_of_the_window(service: Service) -> None:
    project = a_project(service)
    service.ingest(project.id, [commit(1, DAY), commit(2, DAY + WINDOW_S - 1), commit(3, DAY + WINDOW_S)])
    assert spans(service, project.id) == [(0, 4, "closed", 2), (4, 8, "closed", 1)]


def test_sliding_window_counts_from_the_last_event(service: Service) -> None:
    project = a_project(service)
    for number, hour in enumerate([0, 3, 6, 9, 14]):
        service.ingest(project.id, [commit(number, DAY + hour * HOUR)], window="sliding")
    assert spans(service, project.id) == [(0, 13, "closed", 4), (14, 18, "closed", 1)]


def test_order_within_a_batch_does_not_matter(service: Service) -> None:
    project = a_project(service)
    receipts = service.ingest(project.id, [commit(2, DAY + 2 * HOUR), commit(1, DAY)])
    assert [receipt.key for receipt in receipts] == [f"commit:{sha(2)}", f"commit:{sha(1)}"]
    assert spans(service, project.id) == [(0, 4, "closed", 2)]


def test_sources_and_projects_are_apart(service: Service) -> None:
    one = a_project(service)
    two = service.projects.find_or_create(common_dir="/other/.git", root_commit="s" * 40, remote=None, name="other")
    service.ingest(one.id, [commit(1, DAY), commit(2, DAY, origin="history")])
    service.ingest(two.id, [commit(1, DAY)])
    assert {session.source for session in service.sessions.page(one.id)} == {SOURCE_HOOKS, SOURCE_HISTORY}
    assert len(service.sessions.page(one.id)) == 2
    assert len(service.sessions.page(two.id)) == 1


def test_ended_by_hand(service: Service, clock: Clock) -> None:
    project = a_project(service)
    clock.now = DAY + 2 * HOUR
    service.ingest(project.id, [commit(1, DAY)])
    ended = service.sessions.end(project.id, SOURCE_HOOKS, at_utc=DAY + HOUR, open_new=True)
    assert ended is not None
    assert ended.events == 1
    service.ingest(project.id, [commit(2, DAY + HOUR - 1), commit(3, DAY + HOUR)])
    closed, new = service.sessions.get(ended.closed_id), service.sessions.get(str(ended.new_id))
    assert (closed.event_count, closed.end_reason, closed.ended_at) == (2, "ended", DAY + HOUR)
    assert (new.event_count, new.status, new.started_at) == (1, "active", DAY + HOUR)


def test_nothing_active_to_end(service: Service) -> None:
    project = a_project(service)
    service.ingest(project.id, [commit(1, DAY)])  # its window ran out long ago
    assert service.sessions.end(project.id, SOURCE_HOOKS, at_utc=DAY + 24 * HOUR) is None


def test_close_again_says_so(service: Service, clock: Clock) -> None:
    project = a_project(service)
    clock.now = DAY + HOUR
    (receipt,) = service.ingest(project.id, [commit(1, DAY)])
    assert service.sessions.close(receipt.session_id)
    assert not service.sessions.close(receipt.session_id)
    assert service.sessions.get(receipt.session_id).end_reason == "external"
    (late,) = service.ingest(project.id, [commit(2, DAY + HOUR)])
    assert late.session_id != receipt.session_id


def test_a_session_reads_as_closed_once_its_window_ran_out(service: Service, clock: Clock) -> None:
    project = a_project(service)
    clock.now = DAY + HOUR
    service.ingest(project.id, [commit(1, DAY)])
    assert service.sessions.page(project.id, status="active")
    clock.now = DAY + 5 * HOUR
    assert not service.sessions.page(project.id, status="active")
    (session,) = service.sessions.page(project.id, status="closed")
    assert (session.status, session.ended_at, session.end_reason) == ("closed", DAY + 4 * HOUR, "window")
    assert service.status(project.id).active is None


def test_files_head_and_count(service: Service) -> None:
    project = a_project(service)
    files = tuple(f"f{number}" for number in range(400))
    (one, _) = service.ingest(project.id, [commit(1, DAY, files=files), commit(2, DAY + 60, files=("f1", "new"))])
    service.ingest(project.id, [commit(3, DAY + 30, files=tuple(f"g{number}" for number in range(200)))])
    session = service.sessions.get(one.session_id)
    assert (session.event_count, session.head_sha, len(session.files), session.files_cut) == (3, sha(2), 500, True)


def test_landed_events_count_too(service: Service) -> None:
    project = a_project(service)
    landed = landed_event(how="pull", ref="refs/heads/main", old=sha(1), new=sha(2), count=3, at_utc=DAY)
    (receipt,) = service.ingest(project.id, [landed])
    (stored,) = service.sessions.events(receipt.session_id)
    assert (stored.event, stored.superseded_by) == (landed, None)


def test_find_by_prefix(service: Service) -> None:
    project = a_project(service)
    service.ingest(project.id, [commit(1, DAY), commit(2, DAY + 10 * HOUR)])
    newest, oldest = service.sessions.page(project.id)
    assert service.sessions.find(project.id, oldest.id.lower()) == oldest
    common = newest.id[: next(i for i in range(26) if newest.id[i] != oldest.id[i])]
    with pytest.raises(NotFound, match="fits several sessions"):
        service.sessions.find(project.id, common)
    for unknown in ("ZZZ", "", "%", "'"):
        with pytest.raises(NotFound):
            service.sessions.find(project.id, unknown)


def test_pages_follow_each_other(service: Service) -> None:
    project = a_project(service)
    service.ingest(project.id, [commit(number, DAY - number * 5 * HOUR) for number in range(7)])
    seen: list[Session] = []
    while page := service.sessions.page(project.id, limit=3, before=seen[-1] if seen else None):
        seen += page
    assert seen == service.sessions.page(project.id, limit=100)
    assert len(seen) == 7


def _jobs(*statuses: str) -> list[Job]:
    return [Job(str(stage), "r", "s", Stage(stage), status) for stage, status in zip(STAGES, statuses, strict=True)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statuses", "active", "closed"),
    [
        ((), "active", "completed"),
        (("queued",) * 5, "enriching", "enriching"),
        (("done", "running", "queued", "queued", "queued"), "enriching", "enriching"),
        (("done", "failed", "queued", "queued", "queued"), "failed", "failed"),
        (("done", "skipped", "done", "done", "done"), "active", "enriched"),
    ],
)
def test_lifecycle(service: Service, clock: Clock, statuses: tuple[str, ...], active: str, closed: str) -> None:
    project = a_project(service)
    clock.now = DAY + HOUR
    (receipt,) = service.ingest(project.id, [commit(1, DAY)])
    jobs = _jobs(*statuses) if statuses else []
    assert lifecycle(service.sessions.get(receipt.session_id), jobs) == active
    clock.now = DAY + 9 * HOUR
    assert lifecycle(service.sessions.get(receipt.session_id), jobs) == closed


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 3000), min_size=1, max_size=25, unique=True),
    cuts=st.lists(st.integers(0, 25), max_size=4),
    sliding=st.booleans(),
)
def test_however_events_arrive(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], cuts: list[int], sliding: bool
) -> None:
    """Every event is in one session that had begun and, with a fixed window, was not over."""
    path = tmp_path_factory.mktemp("any") / "memory.db"
    with Service(Store.open(path, synchronous="NORMAL", clock=Clock(DAY + 100 * HOUR))) as service:
        project = a_project(service)
        events = [commit(minute, DAY + minute * 60) for minute in minutes]
        edges = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
        for start, end in pairwise(edges):
            service.ingest(project.id, events[start:end], window="sliding" if sliding else "fixed")
        sessions = service.sessions.page(project.id, limit=100)
        stored = [(session, event) for session in sessions for event in service.sessions.events(session.id)]
        assert sorted(event.event.key for _, event in stored) == sorted(event.key for event in events)
        assert all(session.started_at <= event.event.at_utc for session, event in stored)
        if not sliding:
            assert all(event.event.at_utc < session.started_at + WINDOW_S for session, event in stored)
        assert all(session.status == "closed" for session in sessions)
        assert sum(session.event_count for session in sessions) == len(events)


def test_last_event(service: Service) -> None:
    project = a_project(service)
    assert service.sessions.last_event_at(project.id) is None
    service.ingest(project.id, [commit(1, DAY + 50), commit(2, DAY), commit(3, DAY + 99, origin="history")])
    assert service.sessions.last_event_at(project.id) == DAY + 99
    assert service.sessions.last_event_at(project.id, source=SOURCE_HOOKS) == DAY + 50
    assert service.status(project.id).last_save_at == DAY + 50


def test_a_session_opened_under_a_clock_that_was_ahead_closes_nothing(service: Service, clock: Clock) -> None:
    project = a_project(service)
    clock.now = DAY + 9000 * HOUR
    service.ingest(project.id, [commit(1, int(clock.now))])
    clock.now = DAY + HOUR  # put right
    [receipt] = service.ingest(project.id, [commit(2, DAY)])
    active = service.sessions.active(project.id, SOURCE_HOOKS)
    assert active is not None
    assert (active.id, active.status) == (receipt.session_id, "active")


def test_a_rewrite_that_was_undone_lets_the_old_commit_stand_again(service: Service) -> None:
    project = a_project(service)
    service.ingest(project.id, [commit(1, DAY), commit(2, DAY + 1)])
    service.ingest(project.id, [rewrite_event([(sha(1), sha(2))], command="amend", at_utc=DAY + 1)])
    service.ingest(project.id, [rewrite_event([(sha(2), sha(1))], command="amend", at_utc=DAY + 2)])
    [session] = service.sessions.page(project.id)
    stored = {e.event.key: e.superseded_by for e in service.sessions.events(session.id) if e.event.type == "commit"}
    assert stored == {f"commit:{sha(1)}": None, f"commit:{sha(2)}": sha(1)}
