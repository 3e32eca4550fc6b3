# ruff: noqa: F811
"""The thread of `watch` that asks the server: what it asks, what becomes news."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contox_hooks.cli import watch_poll, watch_schedule
from contox_hooks.cli.follow_remote import Gone, Jobs, Page
from contox_hooks.cli.watch_poll import Poller, Recovered, Trouble
from contox_hooks.connection import Connection
from contox_hooks.credential import Credentials, keep_credentials
from tests.contox.fault import CLOSE_AFTER_BODY, SILENCE, at, status, throttled
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.route import STREAM_PATH
from tests.contox.server import ContoxServer

SESSIONS = "/api/v2/sessions"


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SESSIONS_S", "PIPELINE_S", "SPREAD_S", "REST_S", "RING_S"):
        monkeypatch.setattr(watch_schedule, name, 0.02)
    monkeypatch.setattr(watch_poll, "LISTEN_S", 0.05)


@pytest.fixture
def poller(quick: None, contox_server: ContoxServer) -> Iterator[Callable[..., Poller]]:
    server, started = contox_server, []

    def begin(**options: Any) -> Poller:
        keep_credentials(server.url, server.project_id, Credentials(server.key, server.secret))
        values = {"requests_per_minute": 100_000, **options}
        poller = Poller(Connection(server.url, server.team_id, server.project_id, **values))
        poller.start()
        started.append(poller)
        return poller

    yield begin
    for one in started:
        one.stop(30)
        assert not one.is_alive()


def news(poller: Poller) -> Any:
    return poller.news.get(timeout=30)


def paths(server: ContoxServer) -> list[str]:
    return [seen.path for seen in server.requests]


def test_unchanged_answers_are_asked_for_by_etag_and_are_no_news(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    session_id = contox_server.open_session()
    contox_server.set_pipeline(session_id, "running", "pending", "pending", "pending")
    watch = poller()
    assert isinstance(news(watch), Page)
    assert isinstance(news(watch), Jobs)
    wait_for(lambda: len(contox_server.requests) > 8)
    assert watch.news.empty()
    assert {seen.status for seen in contox_server.requests[4:-1]} == {304}
    contox_server.set_pipeline(session_id, "done", "done", "done", "done")
    assert news(watch).pipeline.status == "done"
    wait_for(lambda: watch.is_settled)
    asked = len(contox_server.requests)
    wait_for(lambda: len(contox_server.requests) > asked + 10)
    assert watch.news.empty()
    assert {seen.status for seen in contox_server.requests[asked + 2 : -1]} == {304}
    contox_server.store.session(session_id).events += 1
    contox_server.set_pipeline(session_id, "done", "done", "done", "done")
    assert {type(news(watch)), type(news(watch))} == {Page, Jobs}


def test_a_pipeline_that_begins_later_and_one_that_is_tried_again(
    contox_server: ContoxServer, poller: Callable[..., Poller]
) -> None:
    """Neither changes the session's own row."""
    session_id = contox_server.open_session()
    watch = poller()
    assert isinstance(news(watch), Page)
    for states in ([], ["running", "pending"], ["failed", "pending"], ["running", "pending"], ["done", "done"]):
        if states:
            contox_server.set_pipeline(session_id, *states)
        assert [job.status for job in news(watch).jobs] == states


def test_several_pipelines_at_once_each_until_it_is_over(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    names = [contox_server.open_session(source) for source in ("cli", "vscode", "mcp-server")]
    for name in names[:2]:
        contox_server.set_pipeline(name, "running", "pending", "pending", "pending")
    watch = poller()
    assert isinstance(news(watch), Page)
    assert {news(watch).session_id for _ in names} == set(names)
    contox_server.set_pipeline(names[0], "done", "done", "done", "done")
    assert news(watch).session_id == names[0]
    contox_server.store.sessions[:] = [one for one in contox_server.store.sessions if one.id != names[1]]
    seen = [news(watch), news(watch)]
    assert Gone(names[1]) in seen
    wait_for(lambda: watch.is_settled)


def test_more_new_sessions_than_a_page_holds(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    contox_server.open_session()
    watch = poller()
    assert len(news(watch).sessions) == 1
    with contox_server.store.lock:
        for number in range(12):
            contox_server.open_session(f"other-{number}")
    while not isinstance(page := news(watch), Page):
        pass
    assert len(page.sessions) == 13
    assert page.own is not None


def test_our_session_off_the_page_is_looked_for(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    ours = contox_server.open_session()
    others = [contox_server.open_session(f"other-{number}") for number in range(3)]
    watch = poller()
    assert news(watch).own.id == ours
    with contox_server.store.lock:
        others += [contox_server.open_session(f"another-{number}") for number in range(5)]
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own.id == ours
    contox_server.close_session(ours)
    contox_server.store.session(others[-1]).events += 1
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own is None


def test_our_session_behind_five_others_is_seen_from_the_first_look_on(
    contox_server: ContoxServer, poller: Callable[..., Poller]
) -> None:
    ours = contox_server.open_session()
    for number in range(5):
        contox_server.open_session(f"other-{number}")
    watch = poller()
    page = news(watch)
    assert (len(page.sessions), page.own.id) == (5, ours)
    contox_server.set_pipeline(ours, "running")
    while not isinstance(found := news(watch), Jobs) or not found.jobs:
        pass
    assert found.session_id == ours
    contox_server.store.session(ours).events += 1  # nothing of it is on the page: that is as it was
    assert news(watch).own.events == 1
    contox_server.close_session(ours)
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own is None


@pytest.mark.parametrize("code", [500, 503])
def test_one_pipeline_that_cannot_be_read_is_one_trouble_until_it_can(
    contox_server: ContoxServer, poller: Callable[..., Poller], code: int
) -> None:
    names = [contox_server.open_session(source) for source in ("cli", "vscode")]
    contox_server.faults.hold(status(code), where=lambda _, path: path.endswith("/jobs"))
    watch = poller()
    assert isinstance(news(watch), Page)
    assert isinstance(news(watch), Trouble)
    wait_for(lambda: len(contox_server.requests) > 20)
    assert watch.news.empty()
    contox_server.faults.clear()
    found = [news(watch) for _ in range(3)]
    assert {one.session_id for one in found if isinstance(one, Jobs)} == set(names)
    assert [one for one in found if not isinstance(one, Jobs)] == [Recovered()]


def test_trouble_with_a_pipeline_ends_with_its_session(
    contox_server: ContoxServer, poller: Callable[..., Poller]
) -> None:
    session_id = contox_server.open_session()
    contox_server.faults.hold(status(500), where=lambda _, path: path.endswith("/jobs"))
    watch = poller()
    assert isinstance(news(watch), Page)
    assert isinstance(news(watch), Trouble)
    contox_server.faults.hold(status(404), where=lambda _, path: path.endswith("/jobs"))
    assert {type(news(watch)), type(news(watch))} == {Gone, Recovered}
    wait_for(lambda: watch.is_settled)
    assert contox_server.store.session(session_id)


def test_a_pipeline_that_is_not_ours_to_read_is_no_trouble(
    contox_server: ContoxServer, poller: Callable[..., Poller]
) -> None:
    session_id = contox_server.open_session()
    contox_server.set_pipeline(session_id, "running")
    contox_server.faults.hold(status(403), where=lambda _, path: path.endswith("/jobs"))
    watch = poller()
    assert isinstance(news(watch), Page)
    assert news(watch) == Gone(session_id)
    wait_for(lambda: watch.is_settled)
    contox_server.faults.clear()
    while not isinstance(found := news(watch), Jobs):
        assert found == Gone(session_id)


def test_what_breaks_off_for_one_pipeline_does_not_stop_the_others(
    contox_server: ContoxServer, poller: Callable[..., Poller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_schedule, "REST_S", 600.0)
    names = [contox_server.open_session(source) for source in ("cli", "vscode")]
    contox_server.faults.hold(CLOSE_AFTER_BODY, where=lambda _, path: path.endswith(f"{names[1]}/jobs"))
    watch = poller()
    found = [news(watch) for _ in range(3)]
    assert {type(one) for one in found} == {Page, Trouble, Jobs}
    contox_server.store.session(names[0]).events += 1
    assert isinstance(news(watch), Page)


def test_silence_that_is_asked_for_for_ever_is_told(
    contox_server: ContoxServer, poller: Callable[..., Poller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_schedule, "LONG_WAIT_S", 0.1)
    contox_server.faults.hold(throttled(0), where=at(SESSIONS))
    watch = poller()
    told = news(watch)
    assert getattr(told.error, "why", "") == "rate"
    assert len(contox_server.requests) > 1
    contox_server.faults.clear()
    assert {type(news(watch)), type(news(watch))} == {Page, Recovered}


@pytest.mark.parametrize("fault", [status(500), status(401, "Unauthorized"), throttled(1)])
def test_a_server_that_recovers(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
    fault: Any,
) -> None:
    contox_server.faults.hold(fault, where=at(SESSIONS))
    watch = poller()
    wait_for(lambda: len(contox_server.requests) >= 1)
    is_rate = fault.reply.status == 429
    if not is_rate:  # a second's silence is no trouble
        assert isinstance(news(watch), Trouble)
        wait_for(lambda: len(contox_server.requests) >= 3)
        assert watch.news.empty()
    contox_server.faults.clear()
    found = [news(watch)] if is_rate else [news(watch), news(watch)]
    assert {type(one) for one in found} <= {Page, Recovered}


def test_it_waits_as_long_as_the_server_says(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    contox_server.faults.script([throttled(3600)], where=at(SESSIONS))
    watch = poller()
    told = news(watch)
    assert isinstance(told, Trouble)
    assert getattr(told.error, "why", "") == "rate"
    wait_for(lambda: watch._schedule.next_at() > time.monotonic() + 3000)
    assert len(contox_server.requests) == 1


def test_a_stream_that_is_announced_replaces_polling(
    contox_server: ContoxServer,
    poller: Callable[..., Poller],
) -> None:
    contox_server.announces_stream = True
    session_id = contox_server.open_session()
    watch = poller()
    assert isinstance(news(watch), Page)
    wait_for(lambda: contox_server.bell.listeners == 1)
    wait_for(lambda: watch.is_settled and watch._schedule.next_at() > time.monotonic() + 60)
    contox_server.store.session(session_id).events += 1
    contox_server.ring()
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own.events == 1
    contox_server.bell.silence()
    contox_server.store.session(session_id).events += 1
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own.events == 2


def test_no_key_is_trouble(contox_server: ContoxServer) -> None:
    watch = Poller(Connection(contox_server.url, "t", "p"))
    watch.start()
    told = news(watch)
    assert isinstance(told, Trouble)
    assert told.error.exit_code == 12
    watch.stop(30)
    assert contox_server.requests == []


def test_a_stream_that_hangs_does_not_stop_polling(
    contox_server: ContoxServer, poller: Callable[..., Poller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_poll, "HEAD_S", 0.2)
    contox_server.announces_stream = True
    contox_server.faults.hold(SILENCE, where=at(STREAM_PATH))
    session_id = contox_server.open_session()
    watch = poller()
    assert isinstance(news(watch), Page)
    wait_for(lambda: STREAM_PATH in [path.partition("?")[0] for path in paths(contox_server)])
    contox_server.store.session(session_id).events += 1
    while not isinstance(page := news(watch), Page):
        pass
    assert page.own.events == 1
    assert not watch._schedule.is_streaming
    asked = len(contox_server.requests)
    wait_for(lambda: len(contox_server.requests) > asked + 10)
    assert sum(path.startswith(STREAM_PATH) for path in paths(contox_server)) == 1
    assert watch._link.http.total_s == 60.0


def test_a_stream_that_will_not_begin_is_tried_less_and_less_often() -> None:
    poller, pauses = Poller(Connection("http://127.0.0.1:9", "t", "p")), []
    for _ in range(8):
        poller._bell = iter([])
        poller._silence()
        pauses.append(round(poller._bell_from - time.monotonic()))
    assert pauses[:3] == [30, 60, 120]
    assert pauses[-1] == 600
