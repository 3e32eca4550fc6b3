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
from tests.contox.fault import at, status, throttled
from tests.contox.fixture import contox_server  # noqa: F401
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
    asked = sum("jobs" in path for path in paths(contox_server))
    wait_for(lambda: len(contox_server.requests) > 30)
    assert sum("jobs" in path for path in paths(contox_server)) == asked
    contox_server.store.session(session_id).events += 1
    contox_server.set_pipeline(session_id, "done", "done", "done", "done")
    assert isinstance(news(watch), Page)
    assert news(watch).pipeline.status == "done"


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
    time.sleep(0.3)
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
    wait_for(lambda: watch.is_settled)
    asked = len(contox_server.requests)
    time.sleep(0.3)
    assert len(contox_server.requests) <= asked + 2  # fifteen, if it polled
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
