"""How long an agent waits for the MCP server: its first reply beside a bare server of the same SDK, its calls beside
the same questions asked of the memory in this process.

    python benchmarks/mcp_server.py [--items 10000] [--starts 9] [--calls 40]

The store is made up as in `search.py`. Lines of JSON-RPC are written and read by hand, so that no client is timed; a
call's time holds the look for the repository, which is taken anew for each. Rounds of all that is compared follow one
another, so that a busy moment meets all of them. Medians, with the time that 95 of 100 keep to.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from search import Words, filled  # the benchmark beside this one

from contox_hooks.assembly import Assembly
from contox_hooks.cli.app import run
from contox_hooks.git.repository import locate
from contox_hooks.mcp.local import LocalMemory
from contox_hooks.mcp.memory import Memory

_BARE = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("bare")
@server.tool()
def echo(text: str) -> str:
    return text
server.run()
"""
_HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


class Process:
    def __init__(self, *arguments: str) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self.ask("initialize", _HELLO)
        self.first_reply_s = time.perf_counter() - began

    def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._number += 1
        said = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())["result"]  # type: ignore[no-any-return]

    def call(self, name: str, **arguments: Any) -> str:
        told = self.ask("tools/call", {"name": name, "arguments": arguments})
        assert not told.get("isError"), told
        return str(told["content"][0]["text"])

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--calls", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        prepared(Path(scratch), options.items)
        bare = Path(scratch) / "bare.py"
        bare.write_text(_BARE)
        starts(str(bare), options.starts)
        calls(str(bare), options.calls)


def prepared(home: Path, items: int) -> None:
    """A captured repository, which becomes the working directory, and a project of so many items."""
    os.environ.update(
        HOME=str(home), CONTOX_DATA_DIR=str(home / "data"), CONTOX_CONFIG_DIR=str(home / "config"), CONTOX_KEYRING="off"
    )
    os.chdir(home)
    for line in ("init -q repo", "-C repo -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m begin"):
        subprocess.run(["git", *line.split()], check=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["-C", str(home / "repo"), "init", "--no-hooks"]) == 0
    parts = Assembly(locate())
    with parts.service as service:
        filled(service, parts.project.id, items, Words(random.Random(1)))


def starts(bare: str, rounds: int) -> None:
    taken: dict[str, list[float]] = {"bare SDK server": [], "contox-hooks mcp": []}
    for _ in range(rounds):
        for name, arguments in (("bare SDK server", [bare]), ("contox-hooks mcp", ["-m", "contox_hooks", "mcp"])):
            process = Process(*arguments)
            taken[name].append(process.first_reply_s)
            process.end()
    print("first reply")
    told(taken)


def calls(bare: str, rounds: int) -> None:
    memory: Memory = LocalMemory.of(Assembly(locate()))
    drawn = Words(random.Random(2))
    server, floor = Process("-m", "contox_hooks", "mcp"), Process(bare)
    began = time.perf_counter()
    server.call("contox_search", query="first")
    print(f"first call, nothing warm: {(time.perf_counter() - began) * 1000:.0f} ms")
    runs: dict[str, tuple[Callable[[str], object], Callable[[str], object]]] = {
        "search": (lambda text: memory.search(text), lambda text: server.call("contox_search", query=text)),
        "get_memory": (lambda text: memory.brain(), lambda text: server.call("contox_get_memory")),
        "list_findings, 50": (
            lambda text: memory.items(schema_key="root/", limit=50), lambda text: server.call("contox_list_findings"),
        ),
        "context_pack": (
            lambda text: memory.search(text, limit=15), lambda text: server.call("contox_context_pack", task=text),
        ),
        "sessions": (lambda text: memory.sessions(limit=10), lambda text: server.call("contox_sessions")),
        "drift_check": (lambda text: memory.check_drift(), lambda text: server.call("contox_drift_check")),
    }  # fmt: skip
    taken: dict[str, dict[str, list[float]]] = {name: {"in process": [], "through MCP": []} for name in runs}
    echoed: list[float] = []
    for number in range(rounds + 2):
        text = drawn.text(6)
        timed: list[tuple[list[float], Callable[[str], object]]] = [
            (echoed, lambda text: floor.call("echo", text=text))
        ]
        for name, (inside, through) in runs.items():
            timed += [(taken[name]["in process"], inside), (taken[name]["through MCP"], through)]
        for where, one in timed:
            began = time.perf_counter()
            one(text)
            if number >= 2:  # what is kept warm is warm by then
                where.append(time.perf_counter() - began)
    print("a call of a bare SDK server")
    told({"echo": echoed})
    for name, both in taken.items():
        print(name)
        told(both)
    server.end()
    floor.end()


def told(taken: Mapping[str, list[float]]) -> None:
    """The first is what the others are compared with."""
    base = statistics.median(next(iter(taken.values())))
    for name, times in taken.items():
        median, slow = statistics.median(times), sorted(times)[len(times) * 95 // 100]
        print(f"  {name:20}{median * 1000:8.1f} ms   95%: {slow * 1000:7.1f} ms   {median / base:5.2f}")


if __name__ == "__main__":
    main()
