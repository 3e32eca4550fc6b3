"""The drain, from outside: `python benchmarks/drain.py [--burst N] [--commits N]`.

1. A burst of commits: how many drain processes it starts, and whether every commit is captured once.
2. From the end of `git commit` to the event in the memory store, and the drain's CPU for one commit, as ratios to a
   bare `python -c pass` and to a drain with nothing to do, side by side in one run.
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from contox_hooks.capture.install import install
from tests.conftest import GITCONFIG
from tests.gitrepo import Repo


def sealed(root: Path) -> None:
    (root / ".gitconfig").write_text(GITCONFIG)
    os.environ.update(
        HOME=str(root), GIT_CONFIG_GLOBAL=str(root / ".gitconfig"), GIT_CONFIG_NOSYSTEM="1", CONTOX_AUTO_LEARN="false",
        CONTOX_DATA_DIR=str(root / "data"), CONTOX_CONFIG_DIR=str(root / "config"),
    )  # fmt: skip


def counting_python(root: Path) -> tuple[Path, Path]:
    """An interpreter that notes each start, so that drains can be counted."""
    count, python = root / "starts", root / "python"
    python.write_text(f'#!/bin/sh\necho x >>"{count}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return python, count


def ready(path: Path, python: str) -> Repo:
    repo = Repo(path)
    repo.commit("start", {"a.txt": "1\n"})
    install(repo.repository, python=python)
    subprocess.run([sys.executable, "-m", "contox_hooks.wake", str(path / ".git")], check=True)
    return repo


def captured(path: Path) -> tuple[int, int]:
    """(events, distinct commits) in the outbox that were delivered."""
    db = sqlite3.connect(path / ".git" / "contox" / "capture.db", timeout=10)
    try:
        return db.execute(
            "SELECT COUNT(*), COUNT(DISTINCT key) FROM outbox WHERE type = 'commit' AND state = 'delivered'"
        ).fetchone()
    finally:
        db.close()


def burst(root: Path, commits: int) -> None:
    python, count = counting_python(root)
    repo = ready(root / "burst", str(python))
    script = f"i=0; while [ $i -lt {commits} ]; do i=$((i+1)); echo $i >f; git add f; git commit -q -m $i; done"
    begin = time.monotonic()
    subprocess.run(["sh", "-c", script], cwd=repo.path, check=True)
    took = time.monotonic() - begin
    while captured(repo.path)[0] < commits and time.monotonic() - begin < took + 60:
        time.sleep(0.1)
    time.sleep(2.5)
    events, distinct = captured(repo.path)
    starts = len(count.read_text().split())
    print(f"| burst of {commits} commits | drains started | {starts} |")
    print(f"| | commits captured (events) | {distinct} ({events}) |")


def latency(root: Path, commits: int) -> None:
    repo = ready(root / "latency", sys.executable)
    stored, bare, drain_cpu, idle_cpu = [], [], [], []
    for number in range(commits):
        bare.append(wall([sys.executable, "-c", "pass"]))
        before = captured(repo.path)[0]
        repo.write("a.txt", f"{number}\n")
        repo.git("commit", "-q", "-a", "-m", f"work {number}")
        begin = time.monotonic()
        while captured(repo.path)[0] == before:
            time.sleep(0.002)
        stored.append(time.monotonic() - begin)
        time.sleep(1.3)  # let the drain linger out, so that each commit wakes its own
    (repo.path / ".git/hooks/post-commit").unlink()
    for number in range(commits):
        idle_cpu.append(cpu([sys.executable, "-E", "-P", "-m", "contox_hooks.wake", str(repo.path / ".git")]))
        repo.write("a.txt", f"again {number}\n")
        repo.git("commit", "-q", "-a", "-m", f"again {number}")
        drain_cpu.append(cpu([sys.executable, "-E", "-P", "-m", "contox_hooks.wake", str(repo.path / ".git")]))
    middle = statistics.median
    print(
        f"| one commit, n = {commits} | commit to event stored, over a bare python start"
        f" | {middle(stored) / middle(bare):.1f}x ({middle(stored) * 1000:.0f} ms) |"
    )
    print(
        f"| | drain's CPU with one commit (children too), over one with nothing to do"
        f" | {middle(drain_cpu) / middle(idle_cpu):.2f}x ({middle(drain_cpu) * 1000:.0f} ms) |"
    )


def wall(command: list[str]) -> float:
    begin = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - begin


def cpu(command: list[str]) -> float:
    """User and system seconds of the process and what it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--commits", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sealed(Path(folder))
        print("| what | figure | value |\n|---|---|---|")
        latency(Path(folder), options.commits)
        burst(Path(folder), options.burst)
