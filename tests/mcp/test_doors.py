"""The tools say the same of this machine's memory and of a server's."""

from __future__ import annotations

from typing import Any

import pytest

from contox_hooks.git.repository import locate
from contox_hooks.mcp.desk import Desk
from contox_hooks.mcp.server import Server
from tests.mcp.agent import connected
from tests.mcp.test_memory import Doors, doors, learned, no_proxies, options, running  # noqa: F401
from tests.mcp.test_stdio import READERS, data_of

pytestmark = pytest.mark.usefixtures("no_proxies")


def test_the_tools_read_the_same_through_either_door(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    clone = locate(doors.learned.made.repo)
    monkeypatch.setattr("contox_hooks.mcp.root.captured_repository", lambda folders, directory: clone)
    told: list[dict[str, Any]] = []
    for memory in doors.both:
        with connected(Server(Desk(lambda repo, memory=memory: memory)), has_roots=False) as agent:  # type: ignore[misc]
            told.append({name: data_of(agent.call(name, **given)) for name, given in READERS.items()})
    local, remote = told
    assert remote == local
