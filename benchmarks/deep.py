"""How fast deep enrichment reads the files of real commits, beside a bare parse of the same bytes.

    python benchmarks/deep.py PATH/TO/REPOSITORY... [--commits 300]

An item stands for each of the last commits; git's own time is left out (files are read beforehand). `files/s` counts
every file at each of its two commits; `distinct` only contents that were not seen before, which is what is parsed.
Times are CPU seconds of one process. The ratio is deep enrichment over parsing the distinct contents and nothing else,
with `ast.parse` for Python and with tree-sitter for the other languages, in the same run.
"""

from __future__ import annotations

import argparse
import ast
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from contox_hooks.domain.item import Evidence, Item
from contox_hooks.git.history import read_digests
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.repository import locate
from contox_hooks.git.run import GitFailed
from contox_hooks.pipeline import deep
from contox_hooks.pipeline.deep import MAX_FILE_BYTES, deepen
from contox_hooks.pipeline.source.kept import Kept
from contox_hooks.pipeline.source.language import reader_of
from contox_hooks.pipeline.source.outline import Unparsable
from contox_hooks.pipeline.source.tree import parse

T = TypeVar("T")

GRAMMARS = {
    "javascript": ("tree_sitter_typescript", "language_tsx"), "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"), "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"), "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=300)
    options = parser.parse_args()
    for path in options.repositories:
        report(path, options.commits)


def report(path: Path, commits: int) -> None:
    repo = locate(path)
    digests = list(read_digests(repo, revisions=[f"--max-count={commits}", "HEAD"], origin="history"))
    items = [
        Item(
            digest.sha, "p", None, "implementation", digest.subject, "", "root/x", 0.7, 3, "active",
            files=tuple(change.path for change in digest.files), evidence=(Evidence(digest.sha, digest.subject),),
        )
        for digest in reversed(digests)
    ]  # fmt: skip
    read: dict[tuple[str, str], bytes | None] = {}
    with Blobs(repo.common_dir) as blobs:

        def from_git(revision: str, path: str) -> bytes | None:
            try:
                read[revision, path] = blobs(revision, path)
            except GitFailed:
                read[revision, path] = None
            return read[revision, path]

        deepen(items[:1], from_git)  # imports, grammars
        deepen(items, from_git)
    deep.outline = Kept().outline  # what the first pass read is kept in the process: nothing is known now
    spent_s, result = timed(lambda: deepen(items, lambda revision, path: read[revision, path]))
    contents: dict[str, set[bytes]] = defaultdict(set)
    for (_, name), content in read.items():
        if content is not None and len(content) <= MAX_FILE_BYTES:
            contents[reader_of(name) or ""].add(content)
    distinct = sum(map(len, contents.values()))
    bare_s, _ = timed(lambda: [bare_parse(reader, found) for reader, found in contents.items()])
    readers = {reader: len(found) for reader, found in contents.items()}
    size = sum(len(content) for found in contents.values() for content in found)
    print(f"{path}: {len(items)} commits, {result.files_read} files read, {distinct} distinct, {size / 1e6:.1f} MB")
    rates = f"{result.files_read / spent_s:,.0f} files/s, {distinct / spent_s:,.0f} distinct files/s"
    print(f"  {rates}, {size / 1e6 / spent_s:.1f} MB/s")
    print(f"  {spent_s / bare_s:.2f} times a bare parse of the distinct contents")
    print(f"  deepened {len(result.facts_by_item)} items; readers: {readers}")
    reasons = Counter(line.rpartition(": ")[2].partition(" (")[0] for line in result.skipped)
    print(f"  not used: {dict(reasons.most_common(6))}; read in part: {len(result.partly)}")


def bare_parse(reader: str, contents: Iterable[bytes]) -> None:
    for content in contents:
        with suppress(SyntaxError, ValueError, Unparsable), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if reader == "python":
                ast.parse(content)
            elif reader in GRAMMARS:
                parse(content, *GRAMMARS[reader])


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


if __name__ == "__main__":
    main()
