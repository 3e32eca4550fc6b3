"""A real server on a loopback port, over a store of its own, and people with keys."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from contox_hooks.domain.access import Role, Scope
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import Engine, NoEngine
from contox_hooks.server.patience import Patient
from contox_hooks.server.site import Options, Site


@dataclass
class Running:
    """A server that answers, and the same store from the inside."""

    url: str
    where: Path | str
    site: Site
    clients: list[httpx.Client] = field(default_factory=list)

    def service(self) -> Service:
        return Service.open(self.where)  # type: ignore[arg-type]

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        """Speaks with this Bearer key."""
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        client = httpx.Client(base_url=self.url, headers=headers, timeout=10, trust_env=False)
        self.clients.append(client)
        return client

    def person(
        self,
        name: str,
        roles: dict[str, Role] | None = None,
        *,
        is_owner: bool = False,
        scopes: set[Scope] | None = None,
        project_id: str | None = None,
    ) -> str:
        """A new person's key; roles by project."""
        with self.service() as service:
            person = service.access.add_person(name, is_owner=is_owner)
            for project, role in (roles or {}).items():
                service.access.set_member(project, person.id, role)
            return service.access.create_key(person.id, "test", scopes=scopes or set(Scope), project_id=project_id)[1]

    def project(self, name: str = "demo") -> str:
        with self.service() as service:
            return service.projects.create(name).id


def serve(site: Site, app: FastAPI | None = None) -> Iterator[str]:
    """Runs until the generator is closed; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio forgets it for a socket it is given: 40 ms
    config = uvicorn.Config(
        app or create_app(site), log_level="warning", timeout_graceful_shutdown=1, lifespan="on", http=Patient
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture
def options() -> Options:
    """Override it in a test module for other options."""
    return Options(requests_a_minute=0)


def ran(where: Path | str, engine: Engine | None = None, options: Options | None = None) -> Iterator[Running]:
    """A server over the store at `where`, until the generator is closed."""
    site = Site(Pool(lambda: Store.open(where)), engine or NoEngine(), options or Options(requests_a_minute=0))
    for url in serve(site):
        found = Running(url, where, site)
        yield found
        for client in found.clients:
            client.close()


@pytest.fixture
def running(tmp_path: Path, options: Options) -> Iterator[Running]:
    where = tmp_path / "server" / "memory.db"
    where.parent.mkdir()
    yield from ran(where, options=options)


@pytest.fixture
def owner(running: Running) -> httpx.Client:
    return running.client(running.person("owner", is_owner=True))


@pytest.fixture
def project_id(running: Running) -> str:
    return running.project()
