"""Delivery over HTTP against a bare httpx loop: `python benchmarks/delivery.py [--events N] [--delay-ms MS]`.

A server on loopback, in a process of its own, answers each request after 50 ms. The same events, signed alike, go out
by our courier with batching off and by a loop of `httpx.Client.post`, in alternating blocks of one run: at least 0.8 of
the loop's throughput. With batching on: under a tenth of the requests.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from benchmarks.status import sealed
from contox_hooks.assembly import Assembly
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection, keep_connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import commit_event
from contox_hooks.send import flush
from contox_hooks.wire.envelope import envelope, iso_ms
from contox_hooks.wire.signature import sign_extended
from tests.gitrepo import Repo

LEAST_THROUGHPUT, MOST_REQUESTS = 0.8, 0.1
BLOCK = 100

SERVER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tests.contox.server import ContoxServer
with ContoxServer() as server:
    server.delay_s = float(sys.argv[2])
    print(server.url, server.key, server.secret, server.project_id, server.team_id, flush=True)
    sys.stdin.read()
    print(sum(seen.path == "/api/v2/ingest" for seen in server.requests), len(server.stored), flush=True)
"""


@contextmanager
def server(delay_s: float) -> Iterator[tuple[list[str], list[int]]]:
    """(url, key, secret, project, team) while it runs; (ingest requests, events stored) when it is over."""
    command = [sys.executable, "-c", SERVER, str(Path(__file__).parents[1]), str(delay_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    counts: list[int] = []
    try:
        yield process.stdout.readline().split(), counts
    finally:
        out, _ = process.communicate("")
        counts += map(int, out.split())


def digest(number: int) -> CommitDigest:
    person = Person("Ada Example", "ada@example.org", 1_760_000_000 + number)
    diff = "".join(f"+line {number} {n} of some code that was changed\n" for n in range(40))
    files = tuple(FileChange(f"src/module_{number % 50}/file_{n}.py", "M", 3, 1) for n in range(5))
    sha = f"{number:040x}"
    return CommitDigest(sha, (), person, person, f"commit {number}", "Because.", files, 5, 15, 5, diff)


def connected(root: Path, name: str, told: list[str], *, batching: bool) -> Repo:
    url, key, secret, project, team = told
    repo = Repo(root / name)
    repo.commit("start", {"a.txt": "1\n"})
    parts = Assembly(repo.repository)
    parts.drain().run()
    parts.service.close()
    connection = Connection(url, team, project, name, requests_per_minute=10**9, batching=batching)
    keep_credentials(url, project, Credentials(key, secret))
    keep_connection(parts.state.root, connection)
    with CaptureStore.open(parts.state.database) as store:
        Outbox(store, connection).bind(deliver_existing=False)
    return repo


def fill(repo: Repo, first: int, count: int) -> None:
    """Commits of one session, in the memory store already."""
    with CaptureStore.open(repo.path / ".git/contox/capture.db") as store, store.transaction():
        for number in range(first, first + count):
            event = commit_event(digest(number), at_utc=1_760_000_000 + number)
            store.keep_event(event)
            [(seq,)] = store.rows("SELECT seq FROM outbox WHERE key = ?", (event.key,))
            store.acknowledge([(seq, "session")])


def seconds_of_ours(repo: Repo) -> float:
    started = time.perf_counter()
    report = flush(repo.repository.common_dir, timeout_s=600)
    assert report == (0, 0, ""), report
    return time.perf_counter() - started


def texts_of(repo: Repo) -> list[str]:
    """What would be sent."""
    connection = Assembly(repo.repository).connection
    assert connection is not None
    with CaptureStore.open(repo.path / ".git/contox/capture.db") as store:
        return [parcel.text for parcel in Outbox(store, connection).preview(BLOCK, now=time.time())]


def seconds_of_bare(client: httpx.Client, told: list[str], texts: list[str]) -> float:
    url, key, secret, project, _ = told
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    started = time.perf_counter()
    for text in texts:
        stamp = iso_ms(time.time())
        # Another source: else the server would know the events already.
        signature = sign_extended(secret, source="vscode", timestamp=stamp, project_id=project, event_text=text)
        body = envelope(
            source="vscode", project_id=project, event_text=text, timestamp=stamp, nonce=str(uuid.uuid4()),
            signature=signature, skip_enrichment=False,
        )  # fmt: skip
        client.post(f"{url}/api/v2/ingest", content=body, headers=headers).raise_for_status()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--delay-ms", type=float, default=50.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        sealed(root)
        os.environ["CONTOX_KEYRING"] = "off"
        with server(options.delay_ms / 1000) as (told, counts):
            single = connected(root, "single", told, batching=False)
            ours_s = bare_s = 0.0
            with httpx.Client(timeout=60) as client:
                for first in range(0, options.events, BLOCK):
                    fill(single, first, min(BLOCK, options.events - first))
                    texts = texts_of(single)
                    ours_s += seconds_of_ours(single)
                    bare_s += seconds_of_bare(client, told, texts)
        ratio = bare_s / ours_s
        print(f"{options.events:,} events, one a request: ours {ours_s:.1f} s, bare httpx {bare_s:.1f} s,"
              f" throughput ratio {ratio:.2f} (at least {LEAST_THROUGHPUT})")  # fmt: skip
        with server(options.delay_ms / 1000) as (told, counts):
            batched = connected(root, "batched", told, batching=True)
            fill(batched, 0, options.events)
            batched_s = seconds_of_ours(batched)
        share = counts[0] / options.events
        print(f"{options.events:,} events, batched: {counts[0]:,} requests, {share:.3f} of as many"
              f" (under {MOST_REQUESTS}), {batched_s:.1f} s")  # fmt: skip
    sys.exit(ratio < LEAST_THROUGHPUT or share >= MOST_REQUESTS)


if __name__ == "__main__":
    main()
