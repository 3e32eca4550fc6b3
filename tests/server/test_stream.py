"""Live streams (server/api/stream.py, server/feed.py): what they tell, to whom, and that they end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from contox_hooks.backend.remote.stream import listen
from contox_hooks.domain.access import Role
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.store import Store
from contox_hooks.net.http import Http
from contox_hooks.net.pace import pace_of
from contox_hooks.place import data_dir
from contox_hooks.server.api import stream as stream_api
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.site import Options, Site
from contox_hooks.wire.endpoint import parse_endpoint
from tests.gitrepo import Repo
from tests.server.captured import captured, open_session, run_pipeline, some_work
from tests.server.conftest import Running, serve


@dataclass
class Told:
    event: str
    data: dict[str, Any]


@contextmanager
def streamed(client: httpx.Client, path: str) -> Iterator[Iterator[Told]]:
    with client.stream("GET", path, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[Told]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield Told(name, json.loads(line.removeprefix("data: ")))


def until(stream: Iterator[Told], event: str, holds: Callable[[dict[str, Any]], bool] = lambda data: True) -> Told:
    return next(told for told in stream if told.event == event and holds(told.data))


@pytest.fixture
def session_id(running: Running, project_id: str, repo: Repo) -> str:
    some_work(repo)
    return captured(running, project_id, repo)


def test_a_session_from_its_state_to_the_end_of_its_pipeline(
    running: Running, owner: httpx.Client, session_id: str
) -> None:
    with streamed(owner, f"/api/v2/sessions/{session_id}/stream") as stream:
        first = [next(stream), next(stream)]
        assert [told.event for told in first] == ["sessions", "pipeline"]
        assert (first[0].data["id"], first[0].data["lifecycle"]) == (session_id, "completed")
        assert (first[1].data["sessionId"], first[1].data["jobs"]) == (session_id, [])
        with running.service() as service:
            service.generate(session_id)
        assert until(stream, "pipeline").data["pipeline"]["status"] == "pending"
        run_pipeline(running)  # by another connection: what another process would do
        assert until(stream, "pipeline", lambda data: data["pipeline"]["status"] == "done").data["jobs"]
    with streamed(owner, f"/api/v2/sessions/{session_id}/stream") as stream:
        assert until(stream, "sessions").data == {
            name: value
            for name, value in owner.get(f"/api/v2/sessions/{session_id}").json().items()
            if name not in ("enrichmentModel", "filesModified", "filesCut")
        }


def test_a_project(running: Running, owner: httpx.Client, project_id: str, session_id: str) -> None:
    with streamed(owner, f"/api/v2/projects/{project_id}/stream") as stream:
        first = {told.event: told.data for told in (next(stream), next(stream), next(stream))}
        assert first["sessions"] == {"projectId": project_id, "total": 1, "events": 2, "active": []}
        assert first["pipeline"]["open"] == 0
        assert first["items"] == {"projectId": project_id, "at": None, "changed": {}}
        with running.service() as service:
            opened = open_session(service, project_id)
        assert until(stream, "sessions").data["active"] == [opened]
        with running.service() as service:
            service.sessions.close(opened)
        assert until(stream, "sessions").data["active"] == []
        with running.service() as service:
            service.generate(session_id)
        waiting = until(stream, "pipeline").data
        assert (waiting["open"], waiting["stages"]["enrich"]) == (1, {"queued": 1})
        run_pipeline(running)
        assert until(stream, "items").data["changed"] == {"active": 1}
        with running.service() as service:
            (item,) = service.items.page(project_id)
            service.items.set_status(item.id, "archived")
        assert until(stream, "items").data["changed"] == {"archived": 1}


def test_only_what_is_news_is_told(running: Running, owner: httpx.Client, project_id: str) -> None:
    """Another project's work rings nobody here."""
    other = running.project("other")
    with streamed(owner, f"/api/v2/projects/{project_id}/stream") as stream:
        for _ in range(3):
            next(stream)
        with running.service() as service:
            open_session(service, other)
        time.sleep(1.2)
        with running.service() as service:
            opened = open_session(service, project_id)
        assert next(stream).data.get("active") == [opened]


def test_rights_come_before_the_stream(running: Running, project_id: str, session_id: str) -> None:
    paths = (f"/api/v2/sessions/{session_id}/stream", f"/api/v2/projects/{project_id}/stream")
    stranger = running.client(running.person("eve", {running.project("other"): Role.ADMIN}))
    for path in paths:
        assert running.client().get(path).json() == {"error": "Unauthorized"}
        assert stranger.get(path).status_code == 404


def test_a_revoked_key_ends_it(running: Running, project_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_api, "RIGHTS_S", 0.3)
    client = running.client(running.person("ada", {project_id: Role.VIEWER}))
    with streamed(client, f"/api/v2/projects/{project_id}/stream") as stream:
        next(stream)
        with running.service() as service:
            (key,) = service.access.keys()
            service.access.revoke(key.id)
        list(stream)  # ends


def test_nobody_looks_while_nobody_listens(running: Running, owner: httpx.Client, project_id: str) -> None:
    def is_watched() -> bool:
        return any(thread.name == "contox-feed" for thread in threading.enumerate())

    with streamed(owner, f"/api/v2/projects/{project_id}/stream") as stream:
        next(stream)
        assert is_watched()
    for _ in range(100):
        if not is_watched():
            return
        time.sleep(0.1)
    pytest.fail("the feed's thread outlives its listeners")


def test_a_server_stops_with_open_streams(tmp_path: Path) -> None:
    where = tmp_path / "memory.db"
    site = Site(Pool(lambda: Store.open(where)), NoEngine(), Options(requests_a_minute=0))
    server = serve(site)
    running = Running(next(server), where, site)
    project_id = running.project()
    client = running.client(running.person("owner", is_owner=True))
    with closing(client), streamed(client, f"/api/v2/projects/{project_id}/stream") as stream:
        next(stream)
        stopping = threading.Thread(target=server.close)
        stopping.start()
        with suppress(httpx.HTTPError):  # cut off, or ended
            list(stream)
        stopping.join(5)
        assert not stopping.is_alive()


def test_our_client_hears_it_as_a_doorbell(running: Running, project_id: str) -> None:
    endpoint = parse_endpoint(running.url)
    http = Http(endpoint, running.person("ada", {project_id: Role.VIEWER}), pace=pace_of(data_dir(), endpoint, 10_000))
    with closing(http):
        bell = listen(http, f"/api/v2/projects/{project_id}/stream", quiet_s=0.3)
        assert next(bell)
        while next(bell):  # until it is quiet
            pass
        with running.service() as service:
            open_session(service, project_id)
        assert any(next(bell) for _ in range(10))
        bell.close()  # type: ignore[attr-defined]
