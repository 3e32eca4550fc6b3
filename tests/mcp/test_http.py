"""The server over streamable HTTP: nobody without the token, nobody by another name."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from contox_hooks.domain.error import Busy, Refused, UsageError
from contox_hooks.mcp.desk import Desk
from contox_hooks.mcp.serving import Wanted, serve_http
from contox_hooks.net.listening import listener
from tests.gitrepo import Repo
from tests.mcp.agent import World, connected, process

TOKEN = "tok" + "en-of-the-tests-0123456789"
INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}},
}  # fmt: skip
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL."""
    started = process(world, "--http", "--port", "0")
    with subprocess.Popen(
        [started.command, *started.args], cwd=world.home, env={**(started.env or {}), "CONTOX_MCP_TOKEN": TOKEN},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stderr is not None
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+/mcp", server.stderr.readline())
            assert url is not None
            yield server, url[0]
        finally:
            server.kill()


@pytest.fixture(scope="module")
def url(served: tuple[subprocess.Popen[str], str]) -> str:
    return served[1]


def post(url: str, **headers: str) -> httpx.Response:
    return httpx.post(url, json=INITIALIZE, headers={**ACCEPT, **headers}, trust_env=False)


@pytest.mark.parametrize(
    "header", [None, "", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer x", "Basic Og=="]
)
def test_without_the_token_nobody_is_answered(url: str, header: str | None) -> None:
    told = post(url, **({} if header is None else {"Authorization": header}))
    assert told.status_code == 401
    assert told.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "localhost:80@evil.example"}, 421),
        ({"Host": "127.0.0.1:evil.example"}, 421),
        ({"Origin": "http://localhost:evil.example"}, 403),
        ({"Origin": "file://localhost"}, 403),
        ({}, 200),
    ],
)
def test_nobody_by_another_name_even_with_the_token(url: str, headers: dict[str, str], status: int) -> None:
    assert post(url, Authorization=f"Bearer {TOKEN}", **headers).status_code == status


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_agent_with_the_token(url: str, shop: Repo, mode: str) -> None:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=30)
    with connected(streamable_http_client(url, http_client=http), mode=mode, over=http) as agent:
        agent.open(shop.path)
        assert "SQLite" in agent.call("contox_search", query="SQLite")
        assert "SQLite" in agent.read("contox://brain")


def test_a_signal_ends_it_whoever_listens(served: tuple[subprocess.Popen[str], str]) -> None:
    server, url = served
    begun = post(url, Authorization=f"Bearer {TOKEN}")
    headers = {**ACCEPT, "Authorization": f"Bearer {TOKEN}", "Mcp-Session-Id": begun.headers["Mcp-Session-Id"]}
    with httpx.Client(trust_env=False) as client, client.stream("GET", url, headers=headers) as stream:
        assert stream.status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) in (0, -signal.SIGTERM)
    assert server.stdout is not None
    assert server.stdout.read() == ""


def nobody(repo: object) -> Any:
    raise AssertionError


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "é" * 20, "a\nb" * 10])
def test_a_token_that_is_none(token: str) -> None:
    with pytest.raises(UsageError, match="the token must have"):
        serve_http(Desk(nobody), Wanted(token), nobody)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1"])
def test_beyond_this_machine_only_with_leave(host: str) -> None:
    with pytest.raises(Refused, match="in the clear"):
        serve_http(Desk(nobody), Wanted(TOKEN, host), nobody)


def test_a_port_in_use() -> None:
    with listener("127.0.0.1", 0) as line, pytest.raises(Busy, match="is in use"):
        serve_http(Desk(nobody), Wanted(TOKEN, port=line.getsockname()[1]), nobody)
