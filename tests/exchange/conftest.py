from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from tests.exchange.filled import empty, export_of, filled
from tests.exchange.team import Team


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str, bytes]]:
    """A service, its project and its export; nobody changes them."""
    service, project_id = filled(tmp_path_factory.mktemp("whole"))
    yield service, project_id, export_of(service.store, project_id)
    service.close()


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that every refused file leaves as it is."""
    with empty(tmp_path_factory.mktemp("nothing")) as store:
        yield store


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Team:
    return Team(tmp_path, monkeypatch, capsys)
