"""The digest since the last save, put together: where it begins, commits within a budget, work in progress.

For whoever shows it: the CLI, the MCP server. No rules of its own. Invariants: nothing on disk changes, also where the
memory is missing or damaged; a repository that is not captured gets no store.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.capture.limit import limits_of
from contox_hooks.domain.diff import shares
from contox_hooks.domain.error import StoreError
from contox_hooks.domain.since import Base, Save, SinceCommit, SinceSave, Walk
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.run import GitFailed
from contox_hooks.git.since import base_given, base_of, branch_of, head_of, side_of, span
from contox_hooks.git.work_tree import work_in_progress

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.domain.digest import CommitDigest
    from contox_hooks.domain.setting import Settings
    from contox_hooks.git.repository import Repository

ALL_CHARACTERS = 24_000
"""Of diff, all commits together: the 6,000 tokens of a whole brain (CONTRACT.md section 1.3), four characters each."""


def digest_since_save(
    parts: Assembly, *, limit: int = 20, mode: Walk = "first-parent", wip: bool = True, base: str | None = None
) -> SinceSave:
    """`limit`: of commits; `base`: a revision to count from instead of the last save. Raises RepositoryError,
    SettingError."""
    repo, memory = parts.repo, _memory(parts)
    limits, troubles = limits_of(memory.settings), []
    if base is None and memory.trouble:
        troubles.append(memory.trouble)
    head = head_of(repo)
    begin = base_of(repo, head, memory.save) if base is None else base_given(repo, base)
    begin = replace(begin, is_known=not troubles or memory.save is not None)
    found = span(repo, head, [begin.sha] if begin.sha else [], walk=mode, limit=limit)
    work = None
    if wip:
        try:
            work = work_in_progress(repo, limits)
            troubles += () if work is None else work.troubles
        except GitFailed as error:
            troubles.append(f"work in progress: {error.message}")
    return SinceSave(
        begin, head, branch_of(repo), mode, int(time.time()),
        tuple(_commits(repo, found.shas, limits, begin, mode)), found.total, work, tuple(troubles),
    )  # fmt: skip


def settings_of(parts: Assembly) -> Settings:
    """Also where nothing is captured yet: then no store is opened, let alone made."""
    return _memory(parts).settings


class _Memory(NamedTuple):
    """What is told of this repository, as far as it can be read."""

    settings: Settings
    save: Save | None = None
    trouble: str = ""


def _memory(parts: Assembly) -> _Memory:
    from contox_hooks.configuration import effective_settings

    if not parts.state.database.exists():
        return _Memory(effective_settings(parts.repo).settings)
    from contox_hooks.capture.inbox import letters
    from contox_hooks.memory.saving import last_save
    from contox_hooks.memory.service import Service
    from contox_hooks.place import memory_path

    # A note that was just saved may still be on its way to the memory.
    waiting = [Save.of(event.payload, event.at_utc) for _, event in letters(parts.state) if event.type == "mcp_save"]
    saves = [save for save in waiting if save is not None]
    settings, trouble = parts.remembered.get("settings", {}), ""
    save = max(saves, key=lambda each: each.at_utc, default=None)
    try:
        with Service.open(memory_path(), readonly=True) as service:
            known = service.projects.of_clone(parts.repo.common_dir)
            project_id = known.id if known is not None else parts.remembered.get("id", "")
            settings = settings if known is None else known.settings
            save = last_save(service.store, project_id, saves)
    except StoreError as error:
        trouble = f"the last save: {error.message}"
    return _Memory(effective_settings(parts.repo, settings).settings, save, trouble)


def _commits(repo: Repository, shas: list[str], limits: DigestLimits, begin: Base, mode: Walk) -> list[SinceCommit]:
    found = []
    for digest in _digests(repo, shas, limits):
        if mode == "first-parent" and len(digest.parents) > 1:
            found.append(SinceCommit(digest, *side_of(repo, digest.parents, begin.sha)))
        else:
            found.append(SinceCommit(digest))
    return found


def _digests(repo: Repository, shas: list[str], limits: DigestLimits) -> list[CommitDigest]:
    """All within ALL_CHARACTERS: what wants more than its share is read again with that share."""
    digests = list(read_digests(repo, shas, limits=limits))
    sizes = [len(digest.diff) for digest in digests]
    granted = shares(sizes, [0] * len(sizes), ALL_CHARACTERS)
    over = {digest.sha: share for digest, size, share in zip(digests, sizes, granted, strict=True) if share < size}
    if not over:
        return digests
    shown = [sha for sha, share in over.items() if share]
    level = replace(limits, diff_budget=min((over[sha] for sha in shown), default=0))
    again = {digest.sha: digest for digest in read_digests(repo, shown, limits=level)}
    unshown = {sha for sha in over if sha not in again}
    return [
        replace(digest, diff="", diff_cut=True) if digest.sha in unshown else again.get(digest.sha, digest)
        for digest in digests
    ]
