"""Signed ingest over HTTP beside a bare route of the same framework and server that does one insert.

    python benchmarks/ingest.py [--database postgresql://…] [--seconds 1] [--rounds 9] [--connections 8]

Two uvicorn processes with the same settings, on the same kind of database (a new SQLite file each, or the one at
`--database`, which must be one to throw away): ours as `serve` makes it, without a limit of requests; and one FastAPI
route that reads the body and inserts it, durably, in a transaction of its own. A third process sends events of 2 KB,
each signed (variant X), with a nonce of its own, one commit in it; the servers take turns. Writers of the bare route
wait for each other inside the process: SQLite's own waiting would cost them more. The ratio of what a request costs
the server's processor is printed as well: it is steady where others use the machine, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import socket
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contox_hooks.domain.access import Scope
from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import commit_event
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place, Store, is_url
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.reply import reply
from contox_hooks.server.site import Options, Site
from contox_hooks.wire.body import signed_body
from contox_hooks.wire.capture import Bounds, fit

_TABLE = "CREATE TABLE IF NOT EXISTS bare_event (id TEXT PRIMARY KEY, received_at INTEGER NOT NULL, body TEXT NOT NULL)"
_INSERT = "INSERT INTO bare_event (id, received_at, body) VALUES (:id, :now, :body)"
_EVENT_BYTES = 2048


class Measured(NamedTuple):
    requests_a_second: float
    latencies_s: list[float]
    cpu_s: float = 0.0
    """Of the server's process."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ours: Place = options.database or Path(scratch) / "ours.db"
        bare: Place = options.database or Path(scratch) / "bare.db"
        with Service.open(ours) as service:
            person = service.access.add_person(f"bench {uuid.uuid4().hex}", is_owner=True)
            key = service.access.create_key(person.id, "bench", scopes=set(Scope))[1]
            project_id = service.projects.create("bench").id
            secret = service.access.ensure_secret(project_id)
        with Store.open(bare) as store, store.transaction():
            store.run(_TABLE)
        with _server(_ours, ours) as our_port, _server(_bare, bare) as bare_port:
            sender = (key, project_id, secret, options.connections)
            _told({"bare": bare_port, "ours": our_port}, sender, options.seconds, options.rounds)


def _told(ports: dict[str, _Port], sender: tuple[str, str, str, int], seconds: float, rounds: int) -> None:
    found: dict[str, list[Measured]] = {name: [] for name in ports}
    for number in range(rounds + 1):
        for name, port in ports.items():
            before = _cpu_s(port.pid)
            measured = _apart(port.number, sender, seconds if number else 1)
            if number:  # the first warms up
                found[name].append(measured._replace(cpu_s=_cpu_s(port.pid) - before))
    for name, rows in found.items():
        latencies = sorted(latency for row in rows for latency in row.latencies_s)
        median, p99 = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
        rate = statistics.median(row.requests_a_second for row in rows)
        cpu_ms = 1000 * sum(row.cpu_s for row in rows) / len(latencies)
        times = f"median {median * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms ({p99 / median:.1f} times the median)"
        print(f"{name}: {rate:,.0f} requests/s, {times}, {cpu_ms:.2f} ms of CPU a request")
    pairs = zip(found["ours"], found["bare"], strict=True)
    ratios = [our.requests_a_second / bare.requests_a_second for our, bare in pairs]
    print(f"ours/bare, median of {rounds}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    cpu_s = {
        name: sum(row.cpu_s for row in rows) / sum(len(row.latencies_s) for row in rows) for name, rows in found.items()
    }
    print(f"by the processor's time alone: {cpu_s['bare'] / cpu_s['ours']:.2f}")


class _Port(NamedTuple):
    number: int
    pid: int


def _cpu_s(pid: int) -> float:
    """proc(5): utime and stime are fields 14 and 15; the name before them may hold blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The servers


def _ours(where: Place) -> FastAPI:
    return create_app(Site(Pool(lambda: Store.open(where)), NoEngine(), Options(requests_a_minute=0)))


def _bare(where: Place) -> FastAPI:
    app = FastAPI()
    pool = Pool(lambda: Store.open(where))
    turn = contextlib.nullcontext() if is_url(where) else threading.Lock()

    def insert(body: bytes) -> str:
        with turn, pool.service(uuid.uuid4().hex) as service, service.store.transaction():
            event_id = service.store.new_id()
            service.store.run(_INSERT, id=event_id, now=service.store.now(), body=body.decode())
        return event_id

    @app.post("/api/v2/ingest")
    async def ingest(request: Request) -> Response:
        return reply({"eventId": await run_in_threadpool(insert, await request.body())}, status=202)

    return app


def _serve(make: str, where: Place, listener: socket.socket) -> None:
    import uvicorn

    app = {"_ours": _ours, "_bare": _bare}[make](where)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


@contextlib.contextmanager
def _server(make: object, where: Place) -> Iterator[_Port]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio forgets it for a socket it is given
        name = make.__name__  # type: ignore[attr-defined]
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(name, where, listener))
        process.start()
        try:
            yield _Port(listener.getsockname()[1], process.pid or 0)
        finally:
            process.terminate()
            process.join()


# The client


def _apart(port: int, sender: tuple[str, str, str, int], seconds: float) -> Measured:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_load, args=(port, sender, seconds, there))
    process.start()
    measured: Measured = here.recv()
    process.join()
    return measured


def _load(port: int, sender: tuple[str, str, str, int], seconds: float, answers: object) -> None:
    answers.send(asyncio.run(_loaded(port, sender, seconds)))  # type: ignore[attr-defined]


async def _loaded(port: int, sender: tuple[str, str, str, int], seconds: float) -> Measured:
    key, project_id, secret, connections = sender
    wanted = int(2500 * seconds / connections)
    batches = [[_request(key, project_id, secret) for _ in range(wanted)] for _ in range(connections)]
    latencies: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, batch, began + seconds, latencies) for batch in batches))
    return Measured(len(latencies) / (time.perf_counter() - began), latencies)


async def _connection(port: int, requests: list[bytes], until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        began = time.perf_counter()
        if began > until:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        latencies.append(time.perf_counter() - began)
    else:
        raise SystemExit("the client ran out of requests")
    writer.close()


def _request(key: str, project_id: str, secret: str) -> bytes:
    body = signed_body(
        secret, source="cli", project_id=project_id, event_text=_event_text(), at=time.time(), nonce=str(uuid.uuid4()),
        skip_enrichment=False,
    )  # fmt: skip
    head = f"POST /api/v2/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _event_text() -> str:
    """One commit, as our own client sends it."""
    now = int(time.time())
    person = Person("Ada Example", "", now, 60)
    sha = (uuid.uuid4().hex + uuid.uuid4().hex)[:40]
    digest = CommitDigest(
        sha=sha, parents=("ab" * 20,), author=person, committer=person, subject="Count sessions by their last event",
        body="", files=(FileChange("src/session.py", "M", 3, 1), FileChange("tests/test_session.py", "M", 5, 0)),
        files_total=2, insertions=8, deletions=1, branch="main",
    )  # fmt: skip
    line = "+    return sum(event.size for event in session.events if event.at >= since)\n"
    short = fit([commit_event(digest, at_utc=now)], Bounds()).text
    diff = ("@@ -1,4 +1,9 @@\n" + line * 40)[: _EVENT_BYTES - len(short) - 40]
    return fit([commit_event(replace(digest, diff=diff), at_utc=now)], Bounds()).text


if __name__ == "__main__":
    main()
