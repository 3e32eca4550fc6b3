"""300 commits in three repositories with two worktrees, real hooks, a server that misbehaves, processes killed at random:
every event arrives, once under its identity, in the order of its session."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.install import install
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import read_connection
from tests.contox.server import ContoxServer
from tests.delivery.conftest import Connected
from tests.gitrepo import Repo

COMMITS = 300
SEED = 20_260_921


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the processes to kill in /proc")
def test_whatever_fails_and_whoever_dies_every_event_arrives_once_and_in_order(
    make_repo: Callable[..., Repo], contox_server: ContoxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")  # the pipeline is not what is tried here
    chance = random.Random(SEED)
    work = [
        Connected(
            make_repo(f"work {number} é"), contox_server, project_id=contox_server.add_project(f"p{number}"),
            batching=number == 2,
        )
        for number in range(3)
    ]  # fmt: skip
    places = [one.repo for one in work]
    for number in (0, 1):
        path = tmp_path / f"tree {number}"
        work[number].repo.git("worktree", "add", "-q", "-b", "side", str(path))
        places.append(Repo(path, init=False))
    for one in work:
        install(one.repo.repository, python=sys.executable)
    contox_server.faults.mixture(SEED, 0.5)
    made: set[str] = set()
    with Killer(chance) as killer:
        for number in range(COMMITS):
            place = chance.choice(places)
            made.add(place.commit(f"commit {number}", {f"f{number % 7}.txt": f"{number}\n"}, now=True))
            if number % 60 == 59:
                storm(work, until=time.monotonic() + 4)
    assert killer.killed > 3, "nobody was killed: this tried nothing"
    contox_server.faults.clear()
    for one in work:
        deliver_all(one)
    stored = contox_server.stored
    assert len({entry.content_hash for entry in stored}) == len(stored)
    arrived = [commit["commitSha"] for entry in stored for commit in entry.event["commits"]]
    assert sorted(arrived) == sorted(made)
    for one in work:
        assert_in_order(one)
    assert len(contox_server.faults.used) > 20


def storm(work: list[Connected], *, until: float) -> None:
    """Senders at work, as if each wait were over at once."""
    while time.monotonic() < until:
        for one in work:
            with CaptureStore.open(one.state / "capture.db") as store:
                connection = read_connection(one.state)
                assert connection is not None
                outbox = Outbox(store, connection)
                outbox.keep_circuit(outbox.circuit()._replace(rests_until=0.0))
                outbox.retry([parcel.id for parcel in outbox.parcels("waiting")] or [0], now=time.time())
            Assembly(one.repo.repository).start_sender()
        time.sleep(0.2)


def deliver_all(one: Connected) -> None:
    deadline = time.monotonic() + 60
    while True:
        one.drain()
        if one.flush(timeout_s=20) == (0, 0, "") or time.monotonic() > deadline:
            return


def assert_in_order(one: Connected) -> None:
    """The server stored each session's events as they were captured."""
    arrived = [
        entry["key"]
        for stored in one.server.stored
        if stored.project_id == one.project_id
        for entry in sorted(
            [*stored.event["commits"], *stored.event["contoxHooks"]["activity"]], key=lambda entry: entry["order"]
        )
    ]
    with sqlite3.connect(one.state / "capture.db") as db:
        rows = db.execute("SELECT session_id, key FROM outbox WHERE source = 'git-hooks' ORDER BY seq").fetchall()
        waiting = db.execute("SELECT state, last_error FROM parcel WHERE state != 'delivered'").fetchall()
    db.close()
    assert waiting == []
    sessions: dict[str, list[str]] = {}
    for session_id, key in rows:
        sessions.setdefault(session_id, []).append(key)
    assert sum(map(len, sessions.values())) >= len(arrived) > 0
    for keys in sessions.values():
        wanted = set(keys)
        assert [key for key in arrived if key in wanted] == [key for key in keys if key in set(arrived)], json.dumps(
            keys
        )


class Killer:
    """SIGKILL for some background process of these repositories, now and then."""

    def __init__(self, chance: random.Random) -> None:
        self.killed = 0
        self._home = f"CONTOX_DATA_DIR={os.environ['CONTOX_DATA_DIR']}".encode()
        """What this test's processes have in their environment, and nobody else's."""
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self._chance.random())
        while not self._stop.wait(chance.uniform(0.05, 0.4)):
            victims = self._ours()
            if victims:
                try:
                    os.kill(chance.choice(victims), signal.SIGKILL)
                    self.killed += 1
                except ProcessLookupError:
                    pass

    def _ours(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line, home = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
                except OSError:
                    continue
                if self._home in home.split(b"\0") and (b"contox_hooks.send" in line or b"contox_hooks.wake" in line):
                    found.append(int(entry.name))
        return found
