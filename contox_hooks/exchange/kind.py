"""The kinds of lines of an export: which rows of a project they are, field by field, what others refer to first.

Pure. A table or a column that is missing here would be lost on the way: tests/exchange/test_round_trip.py compares
both with the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, get_args

from contox_hooks.domain.item import ITEM_STATUSES, ITEM_TYPES, RELATION_KINDS
from contox_hooks.domain.pipeline import STAGES, JobStatus
from contox_hooks.domain.session import EndReason, SessionStatus
from contox_hooks.exchange.field import (
    COUNT,
    FLAG,
    ID,
    IDS,
    KEY,
    OBJECT,
    SHA,
    SHA_OR_NONE_LEFT,
    SHARE,
    SOURCE,
    TEXT,
    TEXTS,
    WHOLE,
    WORD,
    Field,
    one_of,
    within,
)
from contox_hooks.memory.context import STATES
from contox_hooks.memory.sql.moving import MEMORY

VERSION: Final = 1
"""Of the format: a reader refuses a later one."""

OF_PROJECT: Final = "project_id = :project_id"
_OF_SESSIONS: Final = "session_id IN (SELECT id FROM session WHERE project_id = :project_id)"
_OF_ITEMS: Final = "item_id IN (SELECT id FROM item WHERE project_id = :project_id)"
_OF_CONTEXTS: Final = "context_id IN (SELECT id FROM context WHERE project_id = :project_id)"

_CAUSES: Final = ("auto", "manual", "landed")


@dataclass(frozen=True, slots=True)
class Kind:
    """Of lines; the name is the table's."""

    table: str
    fields: Mapping[str, Field]
    of: str = OF_PROJECT
    """The SQL condition that says which rows are the project's."""
    refers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Field to the kind that it names a line of, which must have come before."""
    parts: Mapping[str, Kind] = field(default_factory=lambda: MappingProxyType({}))
    """Field to the rows of another table that stand in it as a list: they come, and change, with their owner."""
    also: tuple[str, ...] = ()
    """Fields besides the key by which a row is known in its project, if none of them is null."""
    owner: str | None = None
    """Of a part: the column that names whose it is; no field of it."""

    @property
    def has_project(self) -> bool:
        return "project_id" in MEMORY[self.table] or self.of == OF_PROJECT

    @property
    def key(self) -> tuple[str, ...]:
        """Within a project; lines of a kind are in its order."""
        return tuple(name for name in MEMORY[self.table] if name != "project_id")


EVIDENCE: Final = Kind(
    "evidence",
    {"position": COUNT, "commit_sha": SOURCE, "event_id": ID.or_none, "path": TEXT.or_none, "quote": TEXT},
    of=_OF_ITEMS,
    owner="item_id",
)
PATHS: Final = Kind("item_file", {"path": TEXT, "cited_as": TEXT}, owner="item_id")

_KINDS: Final = (
    Kind(
        "session",
        {
            "id": ID, "source": WORD, "started_at": WHOLE, "last_event_at": WHOLE, "window_ends_at": WHOLE,
            "ended_at": WHOLE.or_none, "end_reason": one_of(*get_args(EndReason)).or_none,
            "status": one_of(*get_args(SessionStatus)), "event_count": COUNT, "files": TEXTS, "files_cut": FLAG,
            "head_sha": SHA.or_none, "summary": TEXT.or_none, "items_extracted": COUNT,
        },
    ),
    Kind(
        "run",
        {"id": ID, "session_id": ID, "cause": one_of(*_CAUSES), "created_ms": COUNT, "due_ms": COUNT},
        refers={"session_id": "session"},
    ),
    Kind(
        "job",
        {
            "id": ID, "run_id": ID, "session_id": ID, "stage": one_of(*STAGES),
            "status": one_of(*get_args(JobStatus)), "attempts": COUNT, "queued_at_ms": COUNT,
            "started_at_ms": COUNT.or_none, "finished_at_ms": COUNT.or_none, "last_error": TEXT.or_none,
            "detail": TEXT.or_none,
        },
        of=_OF_SESSIONS,
        refers={"run_id": "run", "session_id": "session"},
        also=("run_id", "stage"),
    ),
    Kind(
        "event",
        {
            "id": ID, "session_id": ID, "key": KEY, "type": WORD, "source": WORD, "at_utc": WHOLE, "received_at": WHOLE,
            "payload": OBJECT, "superseded_by": SHA_OR_NONE_LEFT.or_none, "chunk_no": COUNT.or_none,
            "processed_run": ID.or_none,
        },
        refers={"session_id": "session"},
        also=("key",),
    ),
    Kind("rewrite", {"old_sha": SHA, "new_sha": SHA_OR_NONE_LEFT, "command": WORD}),
    Kind("authored", {"authored_at": WHOLE, "sha": SHA}),
    Kind(
        "chunk",
        {"session_id": ID, "chunk_no": COUNT, "result": OBJECT.or_none, "stored_run": ID.or_none},
        of=_OF_SESSIONS,
        refers={"session_id": "session"},
    ),
    Kind(
        "item",
        {
            "id": ID, "session_id": ID.or_none, "type": one_of(*ITEM_TYPES), "title": TEXT, "facts": TEXT,
            "schema_key": TEXT, "confidence": SHARE, "importance": within(1, 5), "status": one_of(*ITEM_STATUSES),
            "rationale": TEXT.or_none, "impact": TEXT.or_none, "files": TEXTS, "tags": TEXTS,
            "dedup_hint": TEXT.or_none, "commit_range": TEXT.or_none, "merged_from": IDS,
            "superseded_by": ID.or_none, "reinforced": COUNT, "last_reinforced_at": WHOLE.or_none,
            "status_reason": TEXT.or_none, "at_utc": WHOLE, "created_at": WHOLE, "updated_at": WHOLE,
            "deepened_run": ID.or_none, "deduped_run": ID.or_none, "approved_at": WHOLE.or_none,
            "origin": OBJECT.or_none,
        },
        refers={"session_id": "session"},
        parts={"evidence": EVIDENCE, "paths": PATHS},
    ),
    Kind(
        "commit_file",
        {"event_id": ID, "path": TEXT, "at_utc": WHOLE},
        refers={"event_id": "event"},
    ),
    Kind(
        "relation",
        {
            "from_id": ID, "to_id": ID, "kind": one_of(*RELATION_KINDS), "reason": TEXT, "at_utc": WHOLE,
            "created_at": WHOLE,
        },
        refers={"from_id": "item", "to_id": "item"},
    ),
    Kind(
        "context",
        {
            "id": ID, "parent_id": ID.or_none, "name": TEXT, "description": TEXT.or_none, "content": TEXT,
            "size": COUNT, "schema_key": TEXT.or_none, "context_type": TEXT.or_none, "tier": within(1, 3).or_none,
            "state": one_of(*STATES), "version": COUNT, "content_hash": TEXT, "source": TEXT.or_none,
            "source_ref": TEXT.or_none, "position": WHOLE, "last_entry_at": WHOLE.or_none, "created_at": WHOLE,
            "updated_at": WHOLE,
        },
    ),
    Kind(
        "context_entry",
        {
            "id": ID, "context_id": ID, "title": TEXT, "content": TEXT, "entry_type": TEXT.or_none, "tags": TEXTS,
            "source": TEXT.or_none, "source_ref": TEXT.or_none, "idempotency_key": TEXT.or_none,
            "compacted_at": WHOLE.or_none, "created_at": WHOLE,
        },
        of=_OF_CONTEXTS,
        refers={"context_id": "context"},
        also=("context_id", "idempotency_key"),
    ),
    Kind(
        "context_link",
        {
            "from_key": TEXT, "to_key": TEXT, "link_type": TEXT, "reason": TEXT.or_none, "confidence": SHARE.or_none,
            "source": TEXT.or_none, "created_at": WHOLE,
        },
    ),
)  # fmt: skip

KINDS: Final[Mapping[str, Kind]] = {kind.table: kind for kind in _KINDS}

PROJECT: Final[Mapping[str, Field]] = {
    "id": ID, "name": TEXT, "root_commit": SHA.or_none, "remote": TEXT.or_none, "settings": OBJECT,
    "created_at": WHOLE, "updated_at": WHOLE.or_none, "description": TEXT.or_none,
    "visibility": one_of("private", "public"), "status": one_of("active", "archived"), "repo_url": TEXT.or_none,
}  # fmt: skip
"""Of the first line. The signing secret is no part of it."""

LEFT_OUT: Final[Mapping[str, str]] = {
    "server_fact": "the store's own",
    "project": "the first line",
    "project_clone": "folders of this machine",
    "person": "who may do what",
    "member": "who may do what",
    "api_key": "who may do what",
    "ticket": "who may do what",
    "delivery": "what a client may repeat, at the server that took it",
    "answer": "what a client may repeat, at the server that took it",
    "vector": "made anew",
}
"""Tables that no line is of, and why."""

FORGOTTEN: Final = {"project": ("hmac_secret",)}
"""Columns that no line has."""
