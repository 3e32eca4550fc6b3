"""`contox-hooks status` against `python -c "import typer, rich"`: `python benchmarks/status.py [--runs N]`.

Whole processes, alternating in one run, medians; in a small repository and with 10,000 sessions of 5 events each in the
store. Must stay under 3.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from contox_hooks.assembly import Assembly
from contox_hooks.capture.install import install
from contox_hooks.domain.event import SOURCE_HOOKS, Event
from contox_hooks.domain.session import WINDOW_S
from tests.conftest import GITCONFIG
from tests.gitrepo import Repo

SESSIONS, EVENTS_EACH = 10_000, 5
LIMIT = 3.0


def sealed(root: Path) -> None:
    (root / ".gitconfig").write_text(GITCONFIG)
    os.environ.update(
        HOME=str(root), GIT_CONFIG_GLOBAL=str(root / ".gitconfig"), GIT_CONFIG_NOSYSTEM="1", CONTOX_AUTO_LEARN="false",
        CONTOX_DATA_DIR=str(root / "data"), CONTOX_CONFIG_DIR=str(root / "config"),
        PYTHONPATH=str(Path(__file__).parents[1]),
    )  # fmt: skip


def fill(repo: Repo) -> None:
    parts = Assembly(repo.repository)
    now = int(time.time())
    events = [
        Event("landed", f"landed:{n}-{k}", SOURCE_HOOKS, now - (n + 1) * 2 * WINDOW_S + k, {"how": "pull", "count": 1})
        for n in range(SESSIONS)
        for k in range(EVENTS_EACH)
    ]
    events.sort(key=lambda event: event.at_utc)
    for start in range(0, len(events), 1000):
        parts.service.ingest(parts.project.id, events[start : start + 1000])
    status = parts.service.status(parts.project.id)
    assert status.sessions >= SESSIONS, status
    parts.service.close()


def seconds(command: Sequence[str], cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(verb: str, base: str, cwd: Path, runs: int) -> tuple[float, float]:
    """Median seconds of `contox-hooks VERB` and of `python -c BASE`, run in turns; the first two warm up."""
    ours, theirs = [sys.executable, "-m", "contox_hooks", verb], [sys.executable, "-c", base]
    pairs = [(seconds(ours, cwd), seconds(theirs, cwd)) for _ in range(runs + 2)][2:]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        sealed(root)
        repo = Repo(root / "repo")
        repo.commit("start", {"a.txt": "1\n"})
        install(repo.repository, python=sys.executable)
        subprocess.run([sys.executable, "-m", "contox_hooks.wake", str(repo.path / ".git")], check=True)
        repo.commit("feat: work", {"a.txt": "1\n2\n3\n4\n"}, now=True)
        worst = 0.0
        for name in ("small store", f"{SESSIONS:,} sessions, {SESSIONS * EVENTS_EACH:,} events"):
            if name != "small store":
                fill(repo)
            status_s, base_s = compare("status", "import typer, rich", repo.path, runs)
            worst = max(worst, status_s / base_s)
            print(f"{name}: status {status_s * 1000:.0f} ms, import typer, rich {base_s * 1000:.0f} ms,"
                  f" ratio {status_s / base_s:.2f} (limit {LIMIT})")  # fmt: skip
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
