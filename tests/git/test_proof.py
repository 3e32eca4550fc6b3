"""Proof against git itself: every commit of a whole history, file by file and number by number.

CONTOX_TEST_REPO=<path> runs it on a real repository (its newest CONTOX_TEST_COMMITS commits, 3000 by default).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.history_format import BIG_FILE_BYTES
from contox_hooks.git.repository import from_git_dir
from tests.git.synthetic import make_history

# Read when the module is: the sealed world of a test has no CONTOX_ variables.
REAL, NEWEST = os.environ.get("CONTOX_TEST_REPO"), os.environ.get("CONTOX_TEST_COMMITS", "3000")
MARK = b"~~~"
COUNTS = [
    "-c", "diff.renameLimit=1000", "-c", f"core.bigFileThreshold={BIG_FILE_BYTES}", "diff-tree", "--stdin", "-r", "--root",
    "-z", "--raw", "--numstat", "-M", "-C", "--no-abbrev", "--no-commit-id", "--ignore-submodules=none",
]  # fmt: skip

Entry = tuple[str, str, str, str, str | None, int | None, int | None]


def git(path: Path, *args: str, input: bytes = b"") -> bytes:
    return subprocess.run(["git", "-C", str(path), *args], input=input, capture_output=True, check=True).stdout


def what_git_says(path: Path, rows: list[list[str]]) -> Iterator[list[Entry]]:
    """Per commit, each file's (path, status, modes, old path, insertions, deletions), against the first parent."""
    asked = b"".join(f"{' '.join(row[:2])}\n{MARK.decode()}\n".encode() for row in rows)
    for answer in git(path, *COUNTS, input=asked).split(MARK + b"\n")[:-1]:
        fields = iter(answer.split(b"\0"))
        raw: list[tuple[str, str, str, str, str | None]] = []
        counts: list[tuple[int | None, int | None]] = []
        for field in fields:
            if field.startswith(b":"):
                old_mode, new_mode, *_, status = field[1:].decode().split(" ")
                old = text(next(fields)) if status[0] in "RC" else None
                raw.append((text(next(fields)), status[0], old_mode, new_mode, old))
            elif field:
                inserted, deleted, name = field.split(b"\t", 2)
                if not name:
                    next(fields), next(fields)
                counts.append((None, None) if inserted == b"-" else (int(inserted), int(deleted)))
        yield [(*entry, *count) for entry, count in zip(raw, counts, strict=True)]


def text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def what_we_say(digest: CommitDigest) -> list[Entry]:
    return [
        (file.path, file.status, file.old_mode, file.new_mode, file.old_path, file.insertions, file.deletions)
        for file in digest.files
    ]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(REAL) if REAL else make_history(tmp_path_factory.mktemp("proof") / "repo", 2700)


def test_every_commit_says_what_git_says(history: Path) -> None:
    revisions = ["HEAD", f"--max-count={NEWEST}"]
    rows = [row.split() for row in git(history, "rev-list", "--parents", *revisions).decode().splitlines()]
    assert REAL or len(rows) >= 2000
    limits = DigestLimits(max_files=10**9)
    compared, seen = 0, set()
    for row, digest, expected in zip(
        rows,
        read_digests(from_git_dir(history), revisions=revisions, limits=limits),
        what_git_says(history, rows),
        strict=True,
    ):
        assert [digest.sha, *digest.parents] == row
        assert len(digest.diff) <= limits.diff_budget
        if digest.diff_missing == "not-present":
            continue
        assert what_we_say(digest) == expected, digest.sha
        assert digest.files_total == len(expected)
        assert digest.insertions == sum(entry[5] or 0 for entry in expected)
        assert digest.deletions == sum(entry[6] or 0 for entry in expected)
        compared += 1
        seen |= {entry[1] for entry in expected}
    assert compared >= len(rows) * 0.9
    assert REAL or seen == set("AMDRCT")


def test_naming_the_commits_says_the_same_as_walking_them(history: Path) -> None:
    walked = list(read_digests(from_git_dir(history), revisions=["HEAD", "--max-count=400"]))
    assert list(read_digests(from_git_dir(history), [digest.sha for digest in walked])) == walked
    assert {digest.kind for digest in walked} >= {"commit", "merge"}
