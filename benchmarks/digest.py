"""What a digest costs over the git log it is read from.

    python benchmarks/digest.py [REPOSITORY]

(a) the newest 2,000 commits: our speed over that of the same git log written to /dev/null, and our peak memory;
(b) a commit with a 200 MB diff: peak memory of our process and of git's.
Without a repository a synthetic one is made. Ratios of medians of alternating runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contox_hooks.git.history_format import CONFIG, LOG_OPTIONS, PATCH_OPTIONS, header_format
from contox_hooks.git.run import command, git_environment
from tests.git.synthetic import make_history

COMMITS, RUNS = 2_000, 7
BIG_FILES, BIG_FILE_LINES = 110, 46_000

# What a drain does, in a process of its own so that its memory is its own.
READER = """
import sys, resource
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from contox_hooks.domain.setting import DEFAULTS
from contox_hooks.domain.path import Exclusions
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.repository import from_git_dir
limits = DigestLimits(exclusions=Exclusions(DEFAULTS.exclude))
count = sum(1 for _ in read_digests(from_git_dir(Path(sys.argv[2])), revisions=sys.argv[3:], limits=limits))
own, git = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(count, own, git)
"""


def reading(git_dir: Path, *revisions: str) -> tuple[float, int, float, float]:
    """(seconds, commits, our peak MB, git's peak MB)"""
    root = str(Path(__file__).resolve().parent.parent)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", READER, root, str(git_dir), *revisions], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    count, own, git = map(int, done.stdout.split())
    return seconds, count, own / 1024, git / 1024


def to_null(git_dir: Path, *revisions: str) -> float:
    arguments = ["log", header_format("#mark#"), *LOG_OPTIONS, *PATCH_OPTIONS, *revisions]
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as sink:
        subprocess.run(command(git_dir, arguments, CONFIG), check=True, stdout=sink, env=git_environment())
    return time.perf_counter() - start


def git_dir_of(path: Path) -> Path:
    return path / ".git" if (path / ".git").exists() else path


def make_big_commit(path: Path) -> Path:
    """One commit of 110 text files that are wholly rewritten, 1.9 MB each."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    importer = subprocess.Popen(["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    assert importer.stdin is not None
    for number in (0, 1):
        importer.stdin.write(
            b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 3\nbig\n" % (1_700_000_000 + number)
        )
        for file in range(BIG_FILES if number else 0):
            data = b"".join(b"%d line %032d\n" % (file, line) for line in range(BIG_FILE_LINES))
            importer.stdin.write(b"M 100644 inline f%d.py\ndata %d\n%s\n" % (file, len(data), data))
    importer.stdin.close()
    assert importer.wait() == 0
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="?", type=Path)
    given: Path | None = parser.parse_args().repository
    with tempfile.TemporaryDirectory() as scratch:
        git_dir = git_dir_of(given) if given else make_history(Path(scratch) / "history", 2_700)
        revisions = ("HEAD", f"--max-count={COMMITS}")
        to_null(git_dir, *revisions)
        pairs = [(to_null(git_dir, *revisions), reading(git_dir, *revisions)) for _ in range(RUNS)]
        theirs, ours = median(pair[0] for pair in pairs), median(pair[1][0] for pair in pairs)
        count = pairs[0][1][1]
        print(f"digest speed over git log to /dev/null ({count} commits, {RUNS} runs): {theirs / ours:.2f}")
        print(f"digests a second, start of Python included: {count / ours:,.0f}")
        own, git = (max(pair[1][which] for pair in pairs) for which in (2, 3))
        print(f"peak memory: ours {own:.0f} MB, git {git:.0f} MB")
        big = make_big_commit(Path(scratch) / "big")
        runs = [reading(big, "main", "--max-count=1") for _ in range(5)]
        print(
            f"a commit with a 200 MB diff: ours {median(run[2] for run in runs):.0f} MB, "
            f"git {median(run[3] for run in runs):.0f} MB, {median(run[0] for run in runs):.1f} s"
        )


if __name__ == "__main__":
    main()
