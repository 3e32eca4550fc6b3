"""What our hook adds to git's foreground, as a ratio to an empty `#!/bin/sh` hook, both measured in turns in one run.

    python benchmarks/commit.py [--pairs 60] [--only commit-500 commit-5000 burst rebase queued control]

One repository whose hooks are changed between measurements: ours as `contox-hooks install` puts them, with the real
drain behind them, and empty ones. (Two copies of a repository differ by up to 15 %, by where their files came to lie.)
Each round measures both, in alternating order; the ratio is the median of the rounds' ratios. Before a measurement
everything in the background has ended, except in a burst, where commits follow each other at once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from contox_hooks.capture.install import HOOKS, install  # noqa: E402
from contox_hooks.git.repository import locate  # noqa: E402

REBASED_COMMITS = 100
QUEUED_RECORDS = 10_000
HISTORY_COMMITS = 100_000
OURS, EMPTY = "ours", "empty"
_QUIET_TIMEOUT_S = 60


@dataclass
class Row:
    what: str
    ours_ms: list[float] = field(default_factory=list)
    empty_ms: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        ratios = [ours / empty for ours, empty in zip(self.ours_ms, self.empty_ms, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        return (
            f"| {self.what} | {len(ratios)} | {statistics.median(self.empty_ms):.1f} | "
            f"{statistics.median(self.ours_ms):.1f} | **{statistics.median(ratios):.2f}** | {low:.2f} to {high:.2f} |"
        )


class Bench:
    """A folder of its own with a sealed environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "home").mkdir()
        config = folder / "home/.gitconfig"
        config.write_text(
            "[user]\n name = Ada Example\n email = ada@example.org\n[gc]\n auto = 0\n[init]\n defaultBranch = main\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "CONTOX_"))}
        self.environment = kept | {
            "HOME": str(folder / "home"),
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            "CONTOX_DATA_DIR": str(folder / "data"),
            "CONTOX_CONFIG_DIR": str(folder / "config"),
        }
        os.environ.clear()
        os.environ.update(self.environment)
        self.python = _python_that_finds_us(folder)

    def git(self, repo: Path, *args: str, stdin: bytes = b"") -> str:
        done = subprocess.run(["git", *args], cwd=repo, input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def timed(self, repo: Path, *args: str) -> float:
        """Milliseconds of wall time until git has returned and its output is closed."""
        started = time.perf_counter()
        subprocess.run(["git", *args], cwd=repo, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        return (time.perf_counter() - started) * 1000

    def repository(self, files: int) -> Path:
        path = self.folder / "repository"
        path.mkdir()
        self.git(path, "init", "-q")
        for number in range(files):
            file = path / f"d{number // 100}" / f"f{number}.txt"
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{number}\n" * 20)
        self.git(path, "add", "-A")
        self.git(path, "commit", "-q", "-m", "start")
        return path

    def prepare(self, repo: Path, python: Path | None = None) -> None:
        """Both kinds of hooks, with the configuration that goes with them, for `use`."""
        git_dir = repo / ".git"
        for kind in (EMPTY, OURS):
            shutil.copytree(git_dir / "hooks", git_dir / f"hooks-{kind}", symlinks=True)
        for name in HOOKS:
            hook = git_dir / f"hooks-{EMPTY}" / name
            hook.write_text("#!/bin/sh\n")
            hook.chmod(0o755)
        shutil.copy(git_dir / "config", git_dir / f"config-{EMPTY}")
        install(locate(repo), python=str(python or self.python))
        shutil.copy(git_dir / "config", git_dir / f"config-{OURS}")
        shutil.rmtree(git_dir / f"hooks-{OURS}")
        (git_dir / "hooks").rename(git_dir / f"hooks-{OURS}")
        (git_dir / "hooks").symlink_to(f"hooks-{EMPTY}")

    def use(self, repo: Path, kind: str) -> None:
        git_dir = repo / ".git"
        (git_dir / "hooks").unlink()
        (git_dir / "hooks").symlink_to(f"hooks-{kind}")
        shutil.copy(git_dir / f"config-{kind}", git_dir / "config")

    def wait_until_quiet(self) -> None:
        """Until nothing that a hook started is running: such a process carries our data folder in its environment."""
        until = time.monotonic() + _QUIET_TIMEOUT_S
        while self._background() and time.monotonic() < until:
            time.sleep(0.02)

    def _background(self) -> bool:
        sign = f"CONTOX_DATA_DIR={self.folder / 'data'}".encode()
        for process in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if sign in process.read_bytes() and process.parent.name != str(os.getpid()):
                    return True
        return False


def rounds(bench: Bench, row: Row, count: int, repo: Path, measure: Callable[[], float], ours: str = OURS) -> Row:
    for number in range(count + 2):
        times = {}
        for which in (True, False) if number % 2 else (False, True):
            bench.use(repo, ours if which else EMPTY)
            times[which] = measure()
        if number >= 2:  # the first two warm up
            row.ours_ms.append(times[True])
            row.empty_ms.append(times[False])
    return row


def commits(bench: Bench, repo: Path, quiet: bool = True) -> Callable[[], float]:
    """A commit of one changed file."""

    def measure() -> float:
        (repo / "d0/f0.txt").write_text(f"{time.perf_counter_ns()}\n")
        bench.git(repo, "add", "d0/f0.txt")
        if quiet:
            bench.wait_until_quiet()
        return bench.timed(repo, "commit", "-q", "-m", "work")

    return measure


def commit_row(bench: Bench, pairs: int, files: int) -> Row:
    repo = bench.repository(files)
    bench.prepare(repo)
    return rounds(bench, Row(f"commit, {files:,} files, each wakes a drain"), pairs, repo, commits(bench, repo))


def burst_row(bench: Bench, pairs: int) -> Row:
    repo = bench.repository(500)
    bench.prepare(repo)
    return rounds(bench, Row("commit in a burst, 500 files"), pairs, repo, commits(bench, repo, quiet=False))


def control_row(bench: Bench, pairs: int) -> Row:
    repo = bench.repository(500)
    bench.prepare(repo)
    return rounds(bench, Row("control: empty hook against itself"), pairs, repo, commits(bench, repo), ours=EMPTY)


def rebase_row(bench: Bench, pairs: int) -> Row:
    repo = bench.repository(500)
    bench.git(repo, "checkout", "-q", "-b", "side")
    for number in range(REBASED_COMMITS):
        (repo / f"side{number}.txt").write_text("x\n")
        bench.git(repo, "add", "-A")
        bench.git(repo, "commit", "-q", "-m", f"side {number}")
    tip = bench.git(repo, "rev-parse", "HEAD")
    bench.prepare(repo)

    def measure() -> float:
        bench.git(repo, "reset", "-q", "--hard", tip)
        bench.wait_until_quiet()
        return bench.timed(repo, "rebase", "-q", "--force-rebase", "main")

    return rounds(bench, Row(f"rebase of {REBASED_COMMITS} commits"), max(4, pairs // 6), repo, measure)


def queued_row(bench: Bench, pairs: int) -> Row:
    repo = bench.repository(500)
    tip = bench.git(repo, "rev-parse", "HEAD")
    bench.git(repo, "fast-import", "--quiet", "--force", stdin=b"".join(_history(tip)))
    bench.git(repo, "reset", "-q", "--hard")
    idle = bench.folder / "idle"  # started in the drain's place, leaves everything queued
    idle.write_text("#!/bin/sh\n")
    idle.chmod(0o755)
    bench.prepare(repo, idle)
    (repo / ".git/contox/spool").write_text(f"\n1 post-commit {tip} -\n" * QUEUED_RECORDS)
    what = f"commit, {QUEUED_RECORDS:,} records queued, {HISTORY_COMMITS:,} commits of history"
    return rounds(bench, Row(what), pairs, repo, commits(bench, repo))


def _history(tip: str) -> Iterator[bytes]:
    for number in range(1, HISTORY_COMMITS + 1):
        yield b"commit refs/heads/main\nmark :%d\n" % number
        yield b"committer Ada Example <ada@example.org> %d +0000\ndata 4\nwork\n" % (1_700_000_000 + number)
        yield b"from %s\n" % (tip.encode() if number == 1 else b":%d" % (number - 1))
        yield b"M 100644 inline history.txt\ndata %d\n%d\n" % (len(str(number)), number)


def _python_that_finds_us(folder: Path) -> Path:
    """This interpreter if `-I` finds the package with it; else one in an environment that leads to this checkout."""
    found = subprocess.run([sys.executable, "-E", "-P", "-c", "import contox_hooks"], capture_output=True, check=False)
    if found.returncode == 0:
        return Path(sys.executable)
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "checkout.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return folder / "venv/bin/python"


@contextmanager
def _bench() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="contox-bench-"))
    bench = None
    try:
        bench = Bench(folder)
        yield bench
    finally:
        if bench is not None:
            bench.wait_until_quiet()
        shutil.rmtree(folder, ignore_errors=True)


ROWS: dict[str, Callable[[Bench, int], Row]] = {
    "commit-500": lambda bench, pairs: commit_row(bench, pairs, 500),
    "commit-5000": lambda bench, pairs: commit_row(bench, pairs, 5_000),
    "burst": burst_row,
    "rebase": rebase_row,
    "queued": queued_row,
    "control": control_row,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Our hook against an empty one, as ratios.")
    parser.add_argument("--pairs", type=int, default=60, help="rounds a row; a sixth of it for rebases")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS), help="rows to measure")
    options = parser.parse_args()
    print("| what | rounds | empty hook, ms | ours, ms | ratio | middle half |")
    print("|---|---:|---:|---:|---:|---|", flush=True)
    for name in options.only:
        with _bench() as bench:
            print(ROWS[name](bench, max(4, options.pairs)), flush=True)


if __name__ == "__main__":
    main()
