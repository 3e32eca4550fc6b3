"""What a call stands on stays right while stores, projects and connections come and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.state import state_of
from contox_hooks.connection import Connection, keep_connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.domain.error import NotConnected, RemoteError, StoreError
from contox_hooks.mcp.desk import Desk, local_memory, server_memory
from tests.gitrepo import Repo


@pytest.fixture
def captured(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repo]:
    monkeypatch.setattr(Assembly, "start_worker", lambda parts: None)
    repo.commit("begin")
    Assembly(repo.repository).drain().run(reconcile=True)
    repo.commit("work", {"a.py": "a = 1\n"}, now=True)
    Assembly(repo.repository).drain().run(reconcile=True)
    yield repo
    look_is_over()  # the next test has another store, which is not to be filled from here


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def look_is_over() -> None:
    for thread in threading.enumerate():
        if thread.name == "look":
            thread.join()


def events(desk: Desk, repo: Repo) -> int:
    return sum(each["eventCount"] for each in desk.memory(repo.repository).sessions()["sessions"])


def test_a_memory_is_opened_once(captured: Repo) -> None:
    desk = Desk(local_memory)
    first = desk.memory(captured.repository)
    assert desk.memory(captured.repository) is first
    assert first.sessions()["total"] == 1


def test_a_store_that_is_gone_is_filled_again_from_what_was_captured(captured: Repo, sealed: Path) -> None:
    desk = Desk(local_memory)
    before = events(desk, captured)
    assert before
    look_is_over()
    for file in (sealed / "data").glob("memory.db*"):
        file.unlink()
    until(lambda: events(desk, captured) == before)


def test_what_no_hook_told_is_found_when_memory_is_opened(captured: Repo) -> None:
    before = events(Desk(local_memory), captured)
    captured.commit("more", {"b.py": "b = 1\n"}, now=True)
    desk = Desk(local_memory)
    until(lambda: events(desk, captured) == before + 1)


def test_a_store_out_of_reach_is_an_error_and_works_again(captured: Repo, sealed: Path) -> None:
    desk, data = Desk(local_memory), sealed / "data"
    before = events(desk, captured)
    look_is_over()
    data.rename(sealed / "aside")
    data.write_text("in the way")
    with pytest.raises(StoreError):
        events(desk, captured)
    data.unlink()
    (sealed / "aside").rename(data)
    assert events(desk, captured) == before


def test_a_repository_that_is_connected_later_has_the_servers_memory(repo: Repo) -> None:
    desk, root = Desk(server_memory), state_of(repo.repository).root
    root.mkdir()
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:1"
        keep_credentials(url, "p", Credentials("key", "hmac-test-secret"))
        keep_connection(root, Connection(url, "team", "p", "shop"))
        assert desk.memory(repo.repository).where == host
        with pytest.raises(RemoteError):
            desk.memory(repo.repository).sessions()
        desk.memory(repo.repository).close()  # type: ignore[attr-defined]


def test_the_servers_memory_wants_a_connection(repo: Repo) -> None:
    with pytest.raises(NotConnected, match="connected to no server"):
        Desk(server_memory).memory(repo.repository)
