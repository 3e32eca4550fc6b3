"""An agent as the SDK's own client plays it, and the machine it works on: a home folder and repositories of their own.

A server's process costs most of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import mcp_types
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from contox_hooks.cli.app import run
from tests.conftest import GITCONFIG
from tests.gitrepo import Repo

HISTORY = [
    ("decision: keep orders in SQLite instead of a server", "store/orders.py", "One file, and it survives kill -9."),
    ("fix(api): answer 404 for unknown orders", "api/orders.py", "The handler raised KeyError, so clients saw 500."),
    ("feat(api): page through orders", "api/page.py", "Clients follow `next`."),
]


@dataclass(frozen=True)
class World:
    home: Path
    env: Mapping[str, str]

    @contextmanager
    def inside(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(self.home)
            for name, value in self.env.items():
                patched.setenv(name, value)
            yield

    def repo(self, name: str, *, captured: bool = True) -> Repo:
        """With something to remember."""
        with self.inside():
            repo = Repo(self.home / name)
            repo.commit(f"begin {name}")  # else two of them would be one project
            for subject, path, body in HISTORY:
                repo.commit(
                    f"{subject}\n\n{body}", {path: f"# {subject}\ndef f(order: int) -> int:\n    return order\n"}
                )
            if captured:
                self.capture(repo)
        return repo

    def capture(self, repo: Repo) -> None:
        with self.inside():
            assert run(["-C", str(repo.path), "init", "--no-hooks"]) == 0  # changes the directory, too


def new_world(home: Path) -> World:
    config = home / ".gitconfig"
    config.write_text(GITCONFIG)
    env = {
        "HOME": str(home), "GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "CONTOX_KEYRING": "off",
        "GIT_CEILING_DIRECTORIES": str(home.parent), "CONTOX_DATA_DIR": str(home / "data"),
        "CONTOX_CONFIG_DIR": str(home / "config"), "TZ": "UTC", "NO_COLOR": "1",
    }  # fmt: skip
    return World(home, env)


@dataclass
class Agent:
    portal: BlockingPortal
    client: Client
    roots: list[str] = field(default_factory=list)
    """What it answers when it is asked; may be changed at any time."""

    def open(self, *folders: Path) -> None:
        self.roots[:] = [folder.as_uri() for folder in folders]

    def result(self, name: str, **arguments: Any) -> tuple[str, bool]:
        """The text, and whether it is an error."""
        told = self.portal.call(partial(self.client.call_tool, name, arguments))
        return self.text(told), bool(told.is_error)

    def call(self, name: str, **arguments: Any) -> str:
        text, is_error = self.result(name, **arguments)
        assert not is_error, text
        return text

    def refusal(self, name: str, **arguments: Any) -> str:
        text, is_error = self.result(name, **arguments)
        assert is_error, text
        assert "Traceback" not in text
        assert "\n" not in text
        return text

    def read(self, uri: str) -> str:
        (content,) = self.portal.call(partial(self.client.read_resource, uri)).contents
        assert isinstance(content, mcp_types.TextResourceContents)
        return content.text

    @staticmethod
    def text(told: mcp_types.CallToolResult) -> str:
        (content,) = told.content
        assert isinstance(content, mcp_types.TextContent)
        return content.text


@contextmanager
def connected(
    server: Any, *, mode: str = "auto", has_roots: bool = True, over: AbstractAsyncContextManager[Any] | None = None
) -> Iterator[Agent]:
    """A client of `server`, which may be all that `mcp.Client` takes; `over`: what must be closed behind it."""
    roots: list[str] = []

    async def named(context: Any) -> mcp_types.ListRootsResult:
        return mcp_types.ListRootsResult(roots=[mcp_types.Root(uri=root) for root in roots])  # type: ignore[arg-type]

    asked: dict[str, Callable[[Any], Any]] = {"list_roots_callback": named} if has_roots else {}
    with start_blocking_portal() as portal:
        client = portal.call(partial(Client, server, mode=mode, read_timeout_seconds=60, **asked))
        with portal.wrap_async_context_manager(over or AsyncExitStack()), portal.wrap_async_context_manager(client):
            yield Agent(portal, client, roots)


def process(world: World, *arguments: str, cwd: Path | None = None) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "contox_hooks", "mcp", *arguments], cwd=cwd or world.home,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("CONTOX_")}, **world.env},
    )  # fmt: skip
