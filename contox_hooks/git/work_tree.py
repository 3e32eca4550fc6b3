"""Work in progress: what is staged, changed and untracked. The one place where the work tree is looked at, on request.

Owns what is compared. Invariants: the index is never refreshed, locked or written (plumbing only: `git diff` refreshes
it whatever GIT_OPTIONAL_LOCKS says, builtin/diff.c); nothing of an excluded file gets through but its lines in the
totals; every list is bounded and counted; every text is redacted; what cannot be read costs contents, never names.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Final

from contox_hooks.domain.digest import Person
from contox_hooks.domain.redaction import redact_all
from contox_hooks.domain.since import Side, WorkInProgress
from contox_hooks.git.history_digest import DigestLimits, Header, PatchPlan, digest_of, is_excluded
from contox_hooks.git.history_format import DIFF_OPTIONS, PATCH_OPTIONS, decoded_path, unquoted
from contox_hooks.git.history_stream import Changes, HistoryStream, Patch, RawChange
from contox_hooks.git.look import CHUNK_BYTES, Look, asking
from contox_hooks.git.operation import operations
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, run
from contox_hooks.git.status import MAX_NAMES, Status, status_by_name, status_of

SIDE_CHARACTERS: Final = 5120
"""Of diff, the index and the work tree each (CONTRACT.md section 3, "Other numbers")."""
COMPARED_BYTES: Final = 32_000_000
"""Of a file that git is let compare: it reads all of one to say that nothing in it changed, 3 GB in 26 s."""
_MAX_ASIDE: Final = 256
"""Files that are kept from git, each an argument."""
_MAX_TOLD: Final = 5
_OF_TREE: Final = ("diff-files", "-0")


def work_in_progress(repo: Repository, limits: DigestLimits) -> WorkInProgress | None:
    """None without a work tree. Raises GitFailed when git cannot read the index."""
    if repo.work_tree is None:
        return None
    limits = replace(limits, diff_budget=SIDE_CHARACTERS if limits.wants_diffs else 0, max_files=MAX_NAMES)
    look = Look(repo.git_dir, repo.work_tree, limits.exclusions)
    of_index = ("diff-index", "--cached", _tree(repo))
    staged, touched = _named(look, *of_index), _named(look, *_OF_TREE)
    staged_aside, aside = _beyond_comparing(repo.work_tree, staged), _beyond_comparing(repo.work_tree, touched)
    troubles = _told([*staged_aside, *aside], limits)
    try:
        in_index = _side(look, of_index, limits, aside=staged_aside)
    except GitFailed as error:
        in_index = _by_name(staged, limits)
        troubles.append(f"what is staged, but for names: {error.stderr}")
    try:
        status = status_of(look.past(aside))
        # The index may hold times that are out of date: only status tells what differs.
        in_tree = _side(look, _OF_TREE, limits, aside=aside, among=status.changed)
    except GitFailed as error:
        status = status_by_name(look, touched.kept)
        in_tree = _by_name(touched, limits)
        troubles.append(f"what is not staged, but for names: {error.stderr}")
    return _work(repo, in_index, in_tree, status, troubles)


def _work(repo: Repository, in_index: Side, in_tree: Side, status: Status, troubles: list[str]) -> WorkInProgress:
    return WorkInProgress(
        in_index, in_tree, tuple(status.untracked), status.untracked_total, tuple(status.conflicts),
        status.conflicts_total, tuple(status.submodules), operations(repo.git_dir), tuple(troubles),
    )  # fmt: skip


def _beyond_comparing(work_tree: Path, changes: Changes) -> list[RawChange]:
    """What git would read for long, or die of: a pipe or a device where a file was."""

    def is_beyond(path: bytes) -> bool:
        try:
            found = (work_tree / os.fsdecode(path)).lstat()
        except OSError:
            return False  # it is gone
        if stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode):
            return False
        return not stat.S_ISREG(found.st_mode) or found.st_size > COMPARED_BYTES

    return [change for change in changes.kept if change.status != "U" and is_beyond(change.path)][:_MAX_ASIDE]


def _told(aside: list[RawChange], limits: DigestLimits) -> list[str]:
    paths = dict.fromkeys(change.path for change in aside)
    names = [decoded_path(path) for path in paths if not is_excluded(path, limits.exclusions)]
    if not names:
        return []
    shown = ", ".join(redact_all(names[:_MAX_TOLD])[0])
    more = f" and {len(names) - _MAX_TOLD} more" if len(names) > _MAX_TOLD else ""
    return [f"what changed in files over {COMPARED_BYTES // 1_000_000} MB, or that are no files: {shown}{more}"]


def _named(look: Look, *asked: str) -> Changes:
    """What differs by the index and the files' sizes and times: contents are read where they leave git in doubt. Those
    in conflict as U."""
    options = ("--raw", "-z", "--no-abbrev", "--no-renames", "--ignore-submodules=dirty")
    with asking(look.unfiltered(), *asked, *options) as descriptor:
        cursor = _cursor(descriptor, look)
        changes = cursor.changes()
        cursor.next_commit()
    return changes


def _by_name(changes: Changes, limits: DigestLimits) -> Side:
    changes = replace(changes, kept=[change for change in changes.kept if change.status != "U"])
    plan = PatchPlan(changes, limits, is_merge=False)
    side = Side.of(digest_of(_NOBODY, changes, plan, [], limits=limits, origin="created", missing="unreadable"))
    return replace(
        side, files=tuple(replace(file, binary=False) for file in side.files),
        diff_missing=side.diff_missing if side.files_total else "",
    )  # fmt: skip


def _side(
    look: Look, asked: tuple[str, ...], limits: DigestLimits, *,
    aside: list[RawChange], among: set[bytes] | None = None,
) -> Side:  # fmt: skip
    """What one comparison says, as a digest is made of a commit. `aside`: changes that git is kept from; `among`: the
    other paths that count. Raises GitFailed."""
    patch = PATCH_OPTIONS if limits.wants_diffs else ()
    options = (
        "--raw", "--numstat", *DIFF_OPTIONS, "--ignore-submodules=dirty", "--ita-invisible-in-index",
        "--diff-filter=u", *patch,
    )  # fmt: skip
    with asking(look.past(aside), asked[0], *options, *asked[1:]) as descriptor:
        cursor = _cursor(descriptor, look)
        changes = cursor.changes()
        if among is not None:
            changes.kept = [change for change in changes.kept if change.path in among]
            changes.counted = sum(path in among for path in changes.counts)
        for change in changes.kept:
            change.insertions, change.deletions = changes.counts.get(change.path, (None, None))
        changes.kept += aside
        plan = PatchPlan(changes, limits, is_merge=False)
        patches = cursor.patches(plan.allowance)[0]
        cursor.next_commit()  # to the end: git is not stopped in the middle
    # Files may have changed while git looked: a patch must not be shown under another file's name.
    missing = "" if all(_is_of(patch, plan.owner(patch).path) for patch in patches) else "unreadable"
    return Side.of(
        digest_of(_NOBODY, changes, plan, [] if missing else patches, limits=limits, origin="created", missing=missing)
    )


def _cursor(descriptor: int, look: Look) -> HistoryStream:
    return HistoryStream(
        lambda: os.read(descriptor, CHUNK_BYTES), os.urandom(16), lambda path: is_excluded(path, look.exclusions)
    )


_NOBODY: Final = Header("", (), Person("", "", 0), Person("", "", 0), "", "")


def _is_of(patch: Patch, path: bytes) -> bool:
    names = [line[4:].rstrip(b"\t") for line in patch.text.split(b"\n@@", 1)[0].split(b"\n") if line[:4] in _NAMING]
    return not names or any(unquoted(name)[2:] == path for name in names)


_NAMING: Final = (b"--- ", b"+++ ")


def _tree(repo: Repository) -> str:
    """HEAD, or before the first commit the empty tree, which git knows without having it."""
    if run(repo.git_dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1, 128)):
        return "HEAD"
    return run(repo.git_dir, "hash-object", "-t", "tree", "--stdin").decode().strip()
