"""The digest since the last save, put together: where it begins, commits within a budget, work in progress.

For whoever shows it: the CLI, the MCP server. No rules of its own. Invariants: nothing on disk changes; a repository
that is not captured gets no store.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

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
    repo, troubles = parts.repo, []
    limits = limits_of(settings_of(parts))
    save = None
    if base is None:
        try:
            save = _last_save(parts)
        except StoreError as error:
            troubles.append(f"the last save: {error.message}")
    head = head_of(repo)
    begin = base_of(repo, head, save) if base is None else base_given(repo, base)
    found = span(repo, head, [begin.sha] if begin.sha else [], walk=mode, limit=limit)
    work = None
    if wip:
        try:
            work = work_in_progress(repo, limits)
        except GitFailed as error:
            troubles.append(f"work in progress: {error.message}")
    return SinceSave(
        begin, head, branch_of(repo), mode, int(time.time()),
        tuple(_commits(repo, found.shas, limits, begin, mode)), found.total, work, tuple(troubles),
    )  # fmt: skip


def settings_of(parts: Assembly) -> Settings:
    """Also where nothing is captured yet: then no store is opened, let alone made."""
    from contox_hooks.configuration import effective_settings

    return parts.settings if parts.state.database.exists() else effective_settings(parts.repo).settings


def _last_save(parts: Assembly) -> Save | None:
    if not parts.state.database.exists():
        return None
    from contox_hooks.capture.inbox import letters
    from contox_hooks.memory.saving import last_save

    # A note that was just saved may still be on its way to the memory.
    waiting = [Save.of(event.payload, event.at_utc) for _, event in letters(parts.state) if event.type == "mcp_save"]
    saves = [save for save in (last_save(parts.service.store, parts.project.id), *waiting) if save is not None]
    return max(saves, key=lambda save: save.at_utc, default=None)


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
