"""A memory item: one thing worth knowing, with the text in git that proves it (CONTRACT.md section 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ItemType = Literal["decision", "convention", "architecture", "implementation", "bug", "todo"]
ItemStatus = Literal["active", "review", "archived", "superseded", "deprecated"]

ITEM_TYPES: tuple[ItemType, ...] = ("decision", "convention", "architecture", "implementation", "bug", "todo")
ITEM_STATUSES: tuple[ItemStatus, ...] = ("active", "review", "archived", "superseded", "deprecated")

RelationKind = Literal["reinforces", "supersedes", "contradicts", "related"]
RELATION_KINDS: tuple[RelationKind, ...] = ("reinforces", "supersedes", "contradicts", "related")

IN_THE_CODE = "In the code:"
"""The line of an item's facts below which deep enrichment's lines stand."""

EXTENT = re.compile(r"^(?:\d+ commits, )?\d+ files?, \+(\d+) −(\d+)", re.MULTILINE)
"""How the line of totals begins that the offline extractor ends its facts with (pipeline/wording.py)."""

MAX_TITLE, MAX_FACTS, MAX_RATIONALE, MAX_IMPACT, MAX_FILES, MAX_TAGS = 200, 5000, 2000, 1000, 50, 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a quote stands: in the message (path None) or the diff of one commit. `quote` is verbatim."""

    commit_sha: str
    """Of a saved note, which no commit bears out, its event's key: `mcp_save:<hash>`, never a commit's id."""
    quote: str
    path: str | None = None
    event_id: str | None = None

    @property
    def is_of_commit(self) -> bool:
        return ":" not in self.commit_sha

    @property
    def told_by(self) -> str:
        """For people: the commit's short id, or what else it was."""
        if self.is_of_commit:
            return self.commit_sha[:12]
        return "a scan" if self.commit_sha.startswith("scan_result:") else "a note"


@dataclass(frozen=True, slots=True)
class Relation:
    """What one item says about an earlier one: newer `kind` older."""

    kind: RelationKind
    item_id: str
    """The older one."""
    reason: str
    """One line for people."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an extractor proposes; it becomes an Item when its quotes are found in its events."""

    type: ItemType
    title: str
    facts: str
    schema_key: str
    confidence: float
    """0 to 1."""
    importance: int
    """1 to 5."""
    evidence: tuple[Evidence, ...]
    rationale: str | None = None
    impact: str | None = None
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dedup_hint: str | None = None
    """`category:topic:key`."""
    commit_range: str | None = None
    at_utc: int = 0
    """When the newest evidence happened, seconds since the epoch."""
    relations: tuple[Relation, ...] = ()
    """Verdicts on known items, of an extractor that was shown them; dedup decides what becomes of them."""


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    project_id: str
    session_id: str | None
    type: ItemType
    title: str
    facts: str
    schema_key: str
    confidence: float
    importance: int
    status: ItemStatus
    rationale: str | None = None
    impact: str | None = None
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dedup_hint: str | None = None
    commit_range: str | None = None
    merged_from: tuple[str, ...] = ()
    superseded_by: str | None = None
    reinforced: int = 0
    last_reinforced_at: int | None = None
    status_reason: str | None = None
    """Why it is in `review`, `superseded` …: the commit and the path, one line for people."""
    approved_at: int | None = None
    """When a person said that it holds, or wrote it, seconds since the epoch; None when nobody did."""
    at_utc: int = 0
    created_at: int = 0
    updated_at: int = 0
    evidence: tuple[Evidence, ...] = ()

    @property
    def commits(self) -> tuple[str, ...]:
        """Full ids of the commits that bear it out, in the order of its evidence."""
        return tuple(dict.fromkeys(found.commit_sha for found in self.evidence if found.is_of_commit))

    @property
    def event_key(self) -> str | None:
        """Of the note or scan that bears it out beside commits, or instead of them."""
        return next((found.commit_sha for found in self.evidence if not found.is_of_commit), None)
