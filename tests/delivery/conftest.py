"""A repository that is captured and connected to the tests' own server."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection, keep_connection, read_connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.send import FlushReport, flush
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.gitrepo import Repo


class Connected:
    def __init__(self, repo: Repo, server: ContoxServer, *, project_id: str = "", **options: object) -> None:
        self.repo = repo
        self.server = server
        self.project_id = project_id or server.project_id
        self.common = repo.repository.common_dir
        self.state = self.common / "contox"
        repo.commit("start", {"start.txt": "1\n"})
        self.drain()
        self.connect(**options)

    def connect(self, **options: object) -> Connection:
        server = self.server
        values = {"requests_per_minute": 100_000, "connected_at": int(time.time()), **options}
        connection = Connection(server.url, server.team_id, self.project_id, "Work", **values)  # type: ignore[arg-type]
        keep_credentials(server.url, self.project_id, Credentials(server.key, server.secrets[self.project_id]))
        keep_connection(self.state, connection)
        with CaptureStore.open(self.state / "capture.db") as store:
            Outbox(store, connection).bind(deliver_existing=False)
        return connection

    def drain(self) -> None:
        parts = Assembly(self.repo.repository)
        parts.drain().run()
        parts.service.close()

    def commit(self, subject: str = "feat: add f", **files: str) -> str:
        sha = self.repo.commit(subject, files or {"f.py": f"# {subject}\nx = 1\ny = 2\n"}, now=True)
        self.drain()
        return sha

    def flush(self, timeout_s: float = 20.0) -> FlushReport:
        return flush(self.common, timeout_s=timeout_s)

    def waiting(self) -> int:
        connection = read_connection(self.state)
        assert connection is not None
        with CaptureStore.open(self.state / "capture.db") as store:
            return Outbox(store, connection).waiting_count()

    def sent(self) -> list[str]:
        """Full ids of the commits that the server holds, in the order it stored them."""
        return commits_of(self.server)


def commits_of(server: ContoxServer) -> list[str]:
    return [commit["commitSha"] for stored in server.stored for commit in stored.event["commits"]]


@pytest.fixture
def connect(make_repo: Callable[..., Repo], contox_server: ContoxServer) -> Callable[..., Connected]:  # noqa: F811
    def make(name: str = "work", **options: object) -> Connected:
        return Connected(make_repo(name), contox_server, **options)

    return make


@pytest.fixture
def connected(connect: Callable[..., Connected]) -> Connected:
    return connect()
