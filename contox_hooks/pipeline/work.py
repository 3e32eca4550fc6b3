"""What a stage is handed, and what it hands back.

A stage reads and computes first, outside any transaction, and returns the writing: the runner calls that in one
transaction with the job's row (invariant 7). Between the two, a hook's drain may have written: the writing looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contox_hooks.domain.item import Item
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.pipeline import Stage
from contox_hooks.memory.job import Run
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session
from contox_hooks.pipeline.embedding import Embedder
from contox_hooks.pipeline.provider import Extractor

if TYPE_CHECKING:
    from contox_hooks.pipeline.drift_case import Cases
    from contox_hooks.pipeline.known import Known
    from contox_hooks.pipeline.reach import Reach

BlobReader = Callable[[str, str], bytes | None]
"""`(commit, path)` to the file's bytes, None when the commit has no such file; GitFailed when git cannot say."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the stages use for one project."""

    extractor: Extractor
    embedder: Callable[[], Embedder]
    """Called when the first text is embedded: loading a model takes 0.1 s."""
    blobs: BlobReader | None
    """None when no clone of the repository is on this machine any more."""
    deep_enrich: bool = True
    diffs: bool = True
    """Whether file content may be kept; without, nothing is read from files."""
    exclusions: Exclusions = field(default_factory=Exclusions)
    """Files that nothing is read from."""


@dataclass(slots=True)
class ProjectWork:
    """One project's tools, and what a worker has learnt about the project so far."""

    tools: Tools
    known: Known | None = field(default=None)
    cases: Cases | None = field(default=None)
    reach: Reach | None = field(default=None)
    is_reach_known: bool = False
    """Whether it was looked up which commits the branches still reach."""


@dataclass(frozen=True, slots=True)
class Work:
    service: Service
    run: Run
    session: Session
    project: ProjectWork

    @property
    def tools(self) -> Tools:
        return self.project.tools


@dataclass(frozen=True, slots=True)
class Result:
    detail: str
    """One line for people: what was done, or why nothing was."""
    skipped: bool = False


Writing = Callable[[], Result]
StageFunction = Callable[[Work], Writing]
Registry = dict[Stage, StageFunction]


def waiting(work: Work, statement: str, **values: str) -> list[Item]:
    """The session's items that a statement finds still to do, with their evidence."""
    items = work.service.items
    rows = work.service.store.rows(statement, session_id=work.session.id, **values)
    return [items.with_evidence(row) for row in rows]


def skip(reason: str) -> Writing:
    return lambda: Result(reason, skipped=True)


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
