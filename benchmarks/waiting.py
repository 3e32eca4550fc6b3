"""What 50,000 events that wait for a server cost: `python benchmarks/waiting.py [--runs N]`.

`contox-hooks status`, `git commit` with our hooks, and what a hook starts, in two connected repositories that cannot
reach their server: one with an empty outbox, one with 50,000 waiting events. Whole processes, alternating in one run,
medians. `status` must stay under 1.5, a commit under 1.2.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.delivery import connected, fill
from benchmarks.status import sealed, seconds
from contox_hooks.assembly import Assembly
from contox_hooks.capture.install import install
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.delivery import Circuit
from tests.gitrepo import Repo

EVENTS = 50_000
STATUS_LIMIT, COMMIT_LIMIT = 1.5, 1.2
NOWHERE = ["http://127.0.0.1:9", "key", "secret", "project", "team"]


def rest(repo: Repo) -> None:
    """As after days without a network: the next try is minutes away."""
    connection = Assembly(repo.repository).connection
    assert connection is not None
    with CaptureStore.open(repo.path / ".git/contox/capture.db") as store:
        circuit = Circuit(50, time.time() + 3600, "network", "127.0.0.1 cannot be reached", time.time() - 86_400)
        Outbox(store, connection).keep_circuit(circuit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        sealed(root)
        os.environ["CONTOX_KEYRING"] = "off"
        empty, full = (connected(root, name, NOWHERE, batching=True) for name in ("empty", "full"))
        fill(full, 0, EVENTS)
        for repo in (empty, full):
            rest(repo)
            install(repo.repository, python=sys.executable)
        commit = ["git", "commit", "-q", "--allow-empty", "-m", "work"]
        python = [sys.executable, "-m"]
        failed = False
        for name, line, limit in (
            ("status", [*python, "contox_hooks", "status"], STATUS_LIMIT),
            ("git commit", commit, COMMIT_LIMIT),
            ("what a hook starts", [*python, "contox_hooks.wake", ".git"], None),
        ):
            pairs = []
            for _ in range(runs + 2):
                pairs.append((seconds(line, full.path), seconds(line, empty.path)))
                if line is commit:
                    time.sleep(0.5)  # the drains that the hooks started
            full_s, empty_s = (statistics.median(pair[n] for pair in pairs[2:]) for n in (0, 1))
            ratio = full_s / empty_s
            failed = failed or (limit is not None and ratio > limit)
            print(f"{name}: {EVENTS:,} waiting {full_s * 1000:.1f} ms, none {empty_s * 1000:.1f} ms,"
                  f" ratio {ratio:.2f}" + (f" (limit {limit})" if limit else ""))  # fmt: skip
    sys.exit(failed)


if __name__ == "__main__":
    main()
