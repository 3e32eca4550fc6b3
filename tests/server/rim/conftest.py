"""A real server that tests can give routes of their own and another clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from contox_hooks.memory.pool import Pool
from contox_hooks.memory.store import Store
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.site import Options, Site
from tests.server import conftest


@dataclass
class Running(conftest.Running):
    app: FastAPI | None = None

    def add(self, method: str, path: str, route: Callable[..., object]) -> None:
        assert self.app is not None
        self.app.add_api_route(path, route, methods=[method])


@pytest.fixture
def clock() -> Callable[[], float]:
    return time.time


@pytest.fixture
def running(tmp_path: Path, options: Options, clock: Callable[[], float]) -> Iterator[Running]:
    where = tmp_path / "memory.db"
    site = Site(Pool(lambda: Store.open(where)), NoEngine(), options, clock)
    app = create_app(site)
    for url in conftest.serve(site, app):
        found = Running(url, where, site, app=app)
        yield found
        for client in found.clients:
            client.close()
