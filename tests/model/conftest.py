"""A model's endpoint on loopback (tests/model/server.py), and a store with a session (tests/model/world.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.server import model_server as model_server
from tests.model.world import World
from tests.net.client import no_proxies as no_proxies


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()
