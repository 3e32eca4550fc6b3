"""What tests share: a machine with a repository, and those of a module an agent with a server's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mcp.client.stdio import stdio_client

from tests.gitrepo import Repo
from tests.mcp.agent import Agent, World, connected, new_world, process


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return new_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def shop(world: World) -> Repo:
    """A captured repository, in a folder whose name is no easy one."""
    return world.repo("my shöp #1 (100%)")


@pytest.fixture(scope="module")
def over_stdio(world: World, shop: Repo) -> Iterator[Agent]:
    with connected(stdio_client(process(world))) as agent:
        yield agent


@pytest.fixture
def agent(over_stdio: Agent, shop: Repo) -> Agent:
    """In `shop`."""
    over_stdio.open(shop.path)
    return over_stdio
