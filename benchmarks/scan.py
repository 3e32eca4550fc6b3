"""How long a scan takes, first and again, beside merely reading the same blobs through `git cat-file --batch`.

    python benchmarks/scan.py PATH/TO/REPOSITORY... [--changed 50]

`first` is with an empty cache, `again` the same tree with the cache that it left, `incremental` with --changed of its
files forgotten, as if commits had changed so many. All are wall seconds of one process, from listing the tree to the
finished findings; telling memory is not in them. `read` lists the tree and reads the contents of the same files and
does nothing with them. The ratio is first over read, measured side by side in this run.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.setting import DEFAULTS
from contox_hooks.git.blob import read_contents
from contox_hooks.git.listing import entries, head
from contox_hooks.git.repository import Repository, locate
from contox_hooks.pipeline.deep import MAX_FILE_BYTES
from contox_hooks.scan.cache import Cache
from contox_hooks.scan.choice import Chosen, choose
from contox_hooks.scan.fact import Finding
from contox_hooks.scan.finding import findings
from contox_hooks.scan.reading import read_tree

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--changed", type=int, default=50)
    options = parser.parse_args()
    print(f"{'repository':28} {'tracked':>8} {'read':>6} {'findings':>8} {'git read':>9} {'first':>7} {'ratio':>6} "
          f"{'again':>7} {'incremental':>12}")  # fmt: skip
    for path in options.repositories:
        report(locate(path), path, options.changed)


def report(repo: Repository, path: Path, changed: int) -> None:
    chosen_of(repo)  # the page cache is warm for all alike
    reading_s, size = timed(lambda: read_all(repo))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "scan.db"
        first_s, found = timed(lambda: scan(repo, cache))
        again_s, same = timed(lambda: scan(repo, cache))
        assert [each.digest for each in same] == [each.digest for each in found]
        forget(cache, changed)
        incremental_s, _ = timed(lambda: scan(repo, cache))
    name = path.parent.name if path.name == "repo" else path.name
    print(f"{name:28} {len(entries(repo, 'HEAD')):8,} {size:6,} {len(found):8} {reading_s:8.2f}s {first_s:6.2f}s "
          f"{first_s / reading_s:6.1f} {again_s:6.2f}s {incremental_s:11.2f}s")  # fmt: skip


def scan(repo: Repository, where: Path) -> list[Finding]:
    chosen = chosen_of(repo)
    cache = Cache(where)
    try:
        return findings(read_tree(repo, chosen, cache).tree)
    finally:
        cache.close()


def read_all(repo: Repository) -> int:
    """How many files."""
    chosen = chosen_of(repo)
    return sum(1 for _ in read_contents(repo, (entry.blob_id for entry, _ in chosen.read), max_bytes=MAX_FILE_BYTES))


def chosen_of(repo: Repository) -> Chosen:
    at = head(repo)
    assert at is not None, "no commits"
    return choose(entries(repo, at.sha), Exclusions(DEFAULTS.exclude))


def forget(cache: Path, count: int) -> None:
    db = sqlite3.connect(cache)
    with db:
        db.execute("DELETE FROM said WHERE path IN (SELECT path FROM said ORDER BY blob LIMIT ?)", (count,))
    db.close()


def timed(do: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    done = do()
    return time.perf_counter() - started, done


if __name__ == "__main__":
    main()
