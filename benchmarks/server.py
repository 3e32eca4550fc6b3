"""How long reading 100,000 items and 10,000 sessions takes over HTTP: lists, brain and search, whole and as 304.

    python benchmarks/server.py [--items 100000] [--sessions 10000] [--rounds 30] [--keep FOLDER]

One server process (uvicorn, as `serve` starts it) on a loopback port, one client on one kept connection; times are the
client's, from the request to the last byte. `first`: the first request after the start of the server; `changed`: after
an item was changed by another process; the rest are medians, each after the other in every round. Beside them, as the
unit, a bare route of the same application that reads one row of the same store by its key. The store is made up as in
`brain.py`; `--keep` uses it again.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from brain import filled  # the benchmark beside this one

from contox_hooks.domain.access import Scope
from contox_hooks.domain.event import Event
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.reply import reply
from contox_hooks.server.site import Options, Site

_DAY_S = 86_400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() if options.keep is None else nullcontext(options.keep) as folder:
        path = Path(folder) / "memory.db"
        project_id, key = made(path, options.items, options.sessions)
        report(path, project_id, key, options.rounds)


def made(path: Path, items: int, sessions: int) -> tuple[str, str]:
    """The project, and an owner's key."""
    with Service.open(path) as service:
        found = [project.id for project in service.projects.all()]
        project_id = found[0] if found else filled(service, items)
        if not found:
            for start in range(0, sessions, 500):  # days apart: each its own session
                service.ingest(project_id, [
                    Event("note", f"note:{number}", "git-hooks", 1_500_000_000 + number * _DAY_S // 4, {"text": "x"})
                    for number in range(start, min(sessions, start + 500))
                ])  # fmt: skip
        person = service.access.add_person(f"owner {time.time()}", is_owner=True)
        return project_id, service.access.create_key(person.id, "benchmark", scopes=set(Scope))[1]


def report(path: Path, project_id: str, key: str, rounds: int) -> None:
    # Named TCP: else asyncio leaves Nagle on, and a kept connection waits 40 ms for each answer of two packets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(path, listener), daemon=True)
    server.start()
    client = Client(listener.getsockname()[1], key)
    client.get("/bare")
    routes = {name: f"/api/v2/{route}?{urlencode({'projectId': project_id, **values})}" for name, route, values in (
        ("sessions, 5", "sessions", {"limit": 5}),
        ("sessions, 200", "sessions", {"limit": 200}),
        ("sessions, the last 200", "sessions", {"limit": 200, "offset": 9_800}),
        ("items, 50", "items", {"status": "active"}),
        ("items, 200 of a key", "items", {"limit": 200, "schemaKey": "root/api", "status": "all"}),
        ("items, the last 200", "items", {"limit": 200, "offset": 99_800}),
        ("search", "search", {"q": "bafe kodi", "limit": 10}),
        ("brain", "brain", {}),
        ("brain of 1,000 tokens", "brain", {"tokenBudget": 1000}),
    )}  # fmt: skip
    runs: dict[str, Callable[[], None]] = {"bare route": lambda: client.get("/bare")}
    firsts, changed = {}, {}
    for name, route in routes.items():
        firsts[name] = timed(lambda route=route: client.get(route))
        tag = client.tag
        runs[name] = lambda route=route: client.get(route)
        runs[f"{name}, 304"] = lambda route=route, tag=tag: client.get(route, tag)
    taken_ms: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken_ms[name].append(timed(run))
    for name, route in routes.items():
        change(path, project_id)
        changed[name] = timed(lambda route=route: client.get(route))
    bare_ms = statistics.median(taken_ms["bare route"])
    print(f"{'':32}{'median':>9}{'slowest':>10}{'of bare':>9}{'first':>10}{'changed':>10}   ms")
    for name, taken in taken_ms.items():
        median_ms = statistics.median(taken)
        once = "".join(f"{found[name]:10.1f}" if name in found else "" for found in (firsts, changed))
        print(f"  {name:30}{median_ms:9.2f}{max(taken):10.1f}{median_ms / bare_ms:9.1f}{once}")
    server.terminate()


def serve(path: Path, listener: socket.socket) -> None:
    site = Site(Pool(lambda: Store.open(path)), NoEngine(), Options(requests_a_minute=0))
    app = create_app(site)

    def bare() -> object:
        with site.pool.service() as service:
            return reply({"found": service.items.page("nobody") == [], "version": service.store.version})

    app.add_api_route("/bare", bare)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


class Client:
    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._key = key
        self.tag = ""

    def get(self, route: str, tag: str | None = None) -> None:
        known = {} if tag is None else {"If-None-Match": tag}
        self._connection.request("GET", route, headers={"Authorization": f"Bearer {self._key}", **known})
        answer = self._connection.getresponse()
        answer.read()
        wanted = 200 if tag is None else 304
        assert answer.status == wanted, f"{route}: {answer.status}"
        self.tag = answer.headers.get("ETag", "")


def change(path: Path, project_id: str) -> None:
    with Service.open(path) as service:
        item = service.items.page(project_id, limit=1, offset=1000)[0]
        service.items.edit(item.id, facts=f"{item.facts[:200]} {time.time()}")


def timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
