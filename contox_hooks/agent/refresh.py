"""Keeps the brief in the tools' files up to date, where the user asked for that; called when a pipeline has run.

Invariants: only between our two comments, and only if they still stand there; no file comes into being; nothing while
git is in the middle of something in that work tree, or the file holds a conflict; never raises for a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from contox_hooks.agent.change import rules_added
from contox_hooks.agent.insertion import Unparsable
from contox_hooks.agent.record import Record, alone, hash_of
from contox_hooks.agent.section import Section
from contox_hooks.agent.site import Site, content_of
from contox_hooks.agent.tool import Spot
from contox_hooks.agent.written import put_file, sweep_leftovers, text_of
from contox_hooks.domain.error import Busy, Refused, RepositoryError, StoreError
from contox_hooks.git.repository import Repository, from_git_dir

_UNDER_WAY = (
    "rebase-merge", "rebase-apply", "sequencer", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"
)  # fmt: skip


def wants_brief(state_root: Path) -> bool:
    """Whether any work tree of a repository has asked for it; a listing and mostly nothing more."""
    return any(any(added.brief for added in record.files.values()) for record in _records(state_root))


def refresh(state_root: Path, brief: Callable[[], str]) -> int:
    """How many files were changed. `brief` is asked for at most once, and only where it is wanted."""
    if not wants_brief(state_root):
        return 0
    text = brief()
    try:
        with alone([state_root]):
            return sum(_refreshed(state_root, record, text) for record in _records(state_root))
    except (Busy, StoreError):
        return 0  # the next run does it


def _records(state_root: Path) -> Iterator[Record]:
    for path in sorted(state_root.glob("agents*.json")):
        record = Record(path)
        if path.name == "agents.json" and _repository(state_root, record.root) is None:
            record.root = state_root.parents[1]  # the main work tree was moved, and took this folder along
        yield record


def _refreshed(state_root: Path, record: Record, brief: str) -> int:
    if not _is_quiet(state_root, record.root):
        return 0
    site = Site(record.root, state_root, "", state_root)
    changed = 0
    for key, added in list(record.files.items()):
        if not added.brief or added.kind != "rules":
            continue
        try:
            path = site.target(Spot(key))
            sweep_leftovers(path)
            before = content_of(path)
            text = None if before is None else text_of(path, before, strict=False)
            if before is None or text is None or Section().found(text) is None:
                continue
            intact = hash_of(before) == added.after
            done = rules_added(Section(), text, added, brief=brief, wants_brief=True, intact=intact)
            after = (done.text or "").encode("utf-8", "surrogateescape")
            if done.what != "updated" or done.added is None or after == before:
                continue
            put_file(path, before, after, mode=None)
            done.added.after = hash_of(after)
            record.files[key] = done.added
            record.keep()
            changed += 1
        except (Refused, Unparsable, StoreError):
            continue  # `contox-hooks agents` tells of it
    return changed


def _is_quiet(state_root: Path, root: Path) -> bool:
    """Whether git is not in the middle of something there."""
    repo = _repository(state_root, root)
    return repo is not None and not any((repo.git_dir / name).exists() for name in (*_UNDER_WAY, "index.lock"))


def _repository(state_root: Path, root: Path) -> Repository | None:
    """The one whose work tree is at `root`, if it is still ours."""
    try:
        repo = from_git_dir(root / ".git")
    except (RepositoryError, OSError):
        return None
    return repo if (repo.common_dir / "contox").resolve() == state_root.resolve() else None
