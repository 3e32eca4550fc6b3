"""Work in progress: what is staged, changed and untracked. The one place where the work tree is looked at, on request.

Owns what git is asked. Invariants: the index is never refreshed, locked or written (plumbing only: `git diff` refreshes
it whatever GIT_OPTIONAL_LOCKS says, builtin/diff.c); nothing of an excluded file gets through but its lines in the
totals; every list is bounded and counted; every text is redacted.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from contox_hooks.domain.digest import Person
from contox_hooks.domain.redaction import redact, redact_all
from contox_hooks.domain.since import Conflict, Side, Submodule, WorkInProgress
from contox_hooks.git.history_digest import DigestLimits, Header, PatchPlan, digest_of, is_excluded
from contox_hooks.git.history_format import CONFIG, DIFF_OPTIONS, PATCH_OPTIONS, decoded_path, unquoted
from contox_hooks.git.history_stream import HistoryStream, Patch
from contox_hooks.git.operation import operations
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, run, stream

SIDE_CHARACTERS: Final = 5120
"""Of diff, the index and the work tree each (CONTRACT.md section 3, "Other numbers")."""
MAX_NAMES: Final = 50
"""Of untracked files, and of those in conflict (the same place)."""

_CHUNK_BYTES = 262_144
_CONFIG = (*CONFIG, "core.fsmonitor=false", "status.submoduleSummary=false")
_SUBMODULE = ("new commits", "modified content", "untracked content")
_CONFLICT = {
    "DD": "both deleted", "AU": "added by us", "UD": "deleted by them", "UA": "added by them", "DU": "deleted by us",
    "AA": "both added", "UU": "both modified",
}  # fmt: skip
"""git status' own words for them."""


def work_in_progress(repo: Repository, limits: DigestLimits) -> WorkInProgress | None:
    """None without a work tree. Raises GitFailed when git cannot read the index."""
    if repo.work_tree is None:
        return None
    limits = replace(limits, diff_budget=SIDE_CHARACTERS if limits.wants_diffs else 0, max_files=MAX_NAMES)
    status = _status(repo, repo.work_tree, limits)
    in_index = _side(repo, repo.work_tree, ("diff-index", "--cached", _tree(repo)), limits)
    # The index may hold times that are out of date: only status tells what differs.
    in_tree = _side(repo, repo.work_tree, ("diff-files", "-0"), limits, among=frozenset(status.changed))
    return WorkInProgress(
        in_index, in_tree,
        tuple(redact_all(status.untracked)[0]), status.untracked_total,
        tuple(replace(each, path=redact(each.path).text) for each in status.conflicts), status.conflicts_total,
        tuple(replace(each, path=redact(each.path).text) for each in status.submodules),
        operations(repo.git_dir),
    )  # fmt: skip


@dataclass(slots=True)
class _Status:
    changed: list[bytes] = field(default_factory=list)
    """Paths whose file in the work tree differs from the index."""
    untracked: list[str] = field(default_factory=list)
    untracked_total: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    conflicts_total: int = 0
    submodules: list[Submodule] = field(default_factory=list)


def _status(repo: Repository, work_tree: Path, limits: DigestLimits) -> _Status:
    found = _Status()
    asked = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames")
    for entry in _entries(repo, work_tree, asked):
        kind = entry[:1]
        if kind not in (b"1", b"u", b"?"):
            continue
        # Fields are separated by single spaces; the path is the last one and may hold spaces itself.
        fields = entry.split(b" ", {b"1": 8, b"u": 10, b"?": 1}[kind])
        path = fields[-1]
        if kind == b"1" and fields[1][1:2] != b".":
            found.changed.append(path)
        if is_excluded(path, limits.exclusions):
            continue
        if kind == b"?":
            found.untracked_total += 1
            if len(found.untracked) < MAX_NAMES:
                found.untracked.append(decoded_path(path))
        elif kind == b"u":
            found.conflicts_total += 1
            if len(found.conflicts) < MAX_NAMES:
                how = fields[1].decode()
                found.conflicts.append(Conflict(decoded_path(path), _CONFLICT.get(how, how)))
        else:
            marks = fields[2].decode()[1:]
            what = tuple(word for mark, word in zip(marks, _SUBMODULE, strict=True) if mark != ".")
            if what and len(found.submodules) < MAX_NAMES:
                found.submodules.append(Submodule(decoded_path(path), what))
    return found


def _entries(repo: Repository, work_tree: Path, asked: tuple[str, ...]) -> Iterator[bytes]:
    """What git writes, split at NUL as it comes: a million untracked files are never held at once."""
    with _asking(repo, work_tree, asked) as process:
        assert process.stdout is not None
        rest = b""
        while data := os.read(process.stdout.fileno(), _CHUNK_BYTES):
            *entries, rest = (rest + data).split(b"\0")
            yield from entries
        _ended(process, asked)


def _side(
    repo: Repository, work_tree: Path, asked: tuple[str, ...], limits: DigestLimits, *,
    among: frozenset[bytes] | None = None,
) -> Side:  # fmt: skip
    """What one comparison says, as a digest is made of a commit. `among`: the paths that count."""
    patch = PATCH_OPTIONS if limits.wants_diffs else ()
    options = (
        "--raw", "--numstat", *DIFF_OPTIONS, "--ignore-submodules=dirty", "--ita-invisible-in-index",
        "--diff-filter=u", *patch,
    )  # fmt: skip
    asked = (asked[0], *options, *asked[1:], "--")
    with _asking(repo, work_tree, asked) as process:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        cursor = HistoryStream(
            lambda: os.read(descriptor, _CHUNK_BYTES), os.urandom(16), lambda path: is_excluded(path, limits.exclusions)
        )
        changes = cursor.changes()
        if among is not None:
            changes.kept = [change for change in changes.kept if change.path in among]
            changes.counted = sum(path in among for path in changes.counts)
        for change in changes.kept:
            change.insertions, change.deletions = changes.counts.get(change.path, (None, None))
        plan = PatchPlan(changes, limits, is_merge=False)
        patches = cursor.patches(plan.allowance)[0]
        cursor.next_commit()  # to the end: git is not stopped in the middle
        _ended(process, asked)
    # Files may have changed while git looked: a patch must not be shown under another file's name.
    missing = "" if all(_is_of(patch, plan.owner(patch).path) for patch in patches) else "unreadable"
    return Side.of(
        digest_of(_NOBODY, changes, plan, [] if missing else patches, limits=limits, origin="created", missing=missing)
    )


_NOBODY: Final = Header("", (), Person("", "", 0), Person("", "", 0), "", "")


def _is_of(patch: Patch, path: bytes) -> bool:
    names = [line[4:].rstrip(b"\t") for line in patch.text.split(b"\n@@", 1)[0].split(b"\n") if line[:4] in _NAMING]
    return not names or any(unquoted(name)[2:] == path for name in names)


_NAMING: Final = (b"--- ", b"+++ ")


def _asking(
    repo: Repository, work_tree: Path, asked: tuple[str, ...]
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    place = ("-C", str(work_tree), f"--work-tree={work_tree}")
    return stream(repo.git_dir, *place, *asked, config=_CONFIG)


def _ended(process: subprocess.Popen[bytes], asked: tuple[str, ...]) -> None:
    if process.wait():
        raise GitFailed(asked, process.returncode, "the work tree cannot be read: git status says why")


def _tree(repo: Repository) -> str:
    """HEAD, or before the first commit the empty tree, which git knows without having it."""
    if run(repo.git_dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1, 128)):
        return "HEAD"
    return run(repo.git_dir, "hash-object", "-t", "tree", "--stdin").decode().strip()
