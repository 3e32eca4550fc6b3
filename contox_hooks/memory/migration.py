"""The memory store's schema, as the steps that made it. Each commits together with its own record (store.py).

A fresh store is all steps; a published step never changes. Types and constraints are those that SQLite and PostgreSQL
share: ids, hashes and JSON are TEXT, times are integers (`_at` seconds, `_ms` milliseconds since the epoch).
`search.py`'s index of words is each database's own, and stands in a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.memory.database import Statement
from contox_hooks.memory.sql.access import SCHEMA as _ACCESS_SCHEMA
from contox_hooks.memory.sql.activity import SCHEMA as _ACTIVITY_SCHEMA
from contox_hooks.memory.sql.brain import SCHEMA as _BRAIN_SCHEMA
from contox_hooks.memory.sql.context import SCHEMA as _CONTEXT_SCHEMA
from contox_hooks.memory.sql.delivery import SCHEMA as _DELIVERY_SCHEMA
from contox_hooks.memory.sql.event import SCHEMA as _EVENT_SCHEMA
from contox_hooks.memory.sql.lineage import SCHEMA as _LINEAGE_SCHEMA
from contox_hooks.memory.sql.pulse import SCHEMA as _PULSE_SCHEMA
from contox_hooks.memory.sql.relation import SCHEMA as _RELATION_SCHEMA
from contox_hooks.memory.sql.scan import SCHEMA as _SCAN_SCHEMA
from contox_hooks.memory.sql.search import SCHEMA as _SEARCH_SCHEMA
from contox_hooks.memory.sql.search import SCHEMA_REBUILT as _SEARCH_REBUILT

if TYPE_CHECKING:
    from contox_hooks.memory.store import Store


class Migration(NamedTuple):
    version: int
    name: str
    statements: tuple[Statement, ...]
    fill: Callable[[Store], None] | None = None
    """What SQL alone cannot do, after the statements and in their transaction. It has statements of its own: those of
    the rest of the program may want columns of a later step."""


RECORD = "INSERT INTO migration (version, name, applied_at) VALUES (:version, :name, :applied_at)"

RECORDS = "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)"

_FIRST = (
    RECORDS,
    # `remote` is normalised (project.py); `settings` holds only what was set for this project.
    """
    CREATE TABLE project (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        root_commit TEXT,
        remote TEXT,
        settings TEXT NOT NULL DEFAULT '{}',
        created_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX project_root ON project (root_commit)",
    # Every clone on this machine by its common git directory: several are one project.
    """
    CREATE TABLE project_clone (
        common_dir TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        seen_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX project_clone_project ON project_clone (project_id)",
    # `window_ends_at`: the first second that the session's window does not hold (domain/session.py).
    """
    CREATE TABLE session (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        source TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        last_event_at INTEGER NOT NULL,
        window_ends_at INTEGER NOT NULL,
        ended_at INTEGER,
        end_reason TEXT,
        status TEXT NOT NULL,
        event_count INTEGER NOT NULL DEFAULT 0,
        files TEXT NOT NULL DEFAULT '[]',
        files_cut INTEGER NOT NULL DEFAULT 0,
        head_sha TEXT,
        summary TEXT,
        items_extracted INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX session_source ON session (project_id, source, started_at)",
    "CREATE INDEX session_newest ON session (project_id, started_at, id)",
    "CREATE INDEX session_latest_event ON session (project_id, last_event_at)",
    "CREATE INDEX session_latest_of_source ON session (project_id, source, last_event_at)",
    "CREATE INDEX session_totals ON session (project_id, event_count)",
    "CREATE INDEX session_active ON session (project_id, source, window_ends_at) WHERE status = 'active'",
    # `superseded_by`: the commit that replaced this one, '' when it was dropped, NULL while it stands.
    # `chunk_no`: the one extraction that it belongs to; `processed_run`: the run that turned it into memory.
    """
    CREATE TABLE event (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        session_id TEXT NOT NULL REFERENCES session (id),
        key TEXT NOT NULL,
        type TEXT NOT NULL,
        source TEXT NOT NULL,
        at_utc INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        payload TEXT NOT NULL,
        superseded_by TEXT,
        chunk_no INTEGER,
        processed_run TEXT,
        UNIQUE (project_id, key)
    )
    """,
    "CREATE INDEX event_session ON event (session_id, at_utc)",
    """
    CREATE INDEX event_unprocessed ON event (project_id, session_id)
    WHERE type = 'commit' AND processed_run IS NULL AND superseded_by IS NULL
    """,
    # What replaced which commit, remembered also while the old commit has not arrived.
    """
    CREATE TABLE rewrite (
        project_id TEXT NOT NULL REFERENCES project (id),
        old_sha TEXT NOT NULL,
        new_sha TEXT NOT NULL,
        command TEXT NOT NULL,
        PRIMARY KEY (project_id, old_sha)
    )
    """,
    "CREATE INDEX rewrite_new ON rewrite (project_id, new_sha)",
    """
    CREATE TABLE run (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        session_id TEXT NOT NULL REFERENCES session (id),
        cause TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        due_ms INTEGER NOT NULL
    )
    """,
    "CREATE INDEX run_session ON run (session_id, id)",
    "CREATE INDEX run_project ON run (project_id, id)",
    """
    CREATE TABLE job (
        id TEXT PRIMARY KEY,
        run_id TEXT NOT NULL REFERENCES run (id),
        session_id TEXT NOT NULL,
        stage TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        queued_at_ms INTEGER NOT NULL,
        started_at_ms INTEGER,
        finished_at_ms INTEGER,
        last_error TEXT,
        detail TEXT,
        UNIQUE (run_id, stage)
    )
    """,
    "CREATE INDEX job_open ON job (run_id) WHERE status IN ('queued', 'running')",
    "CREATE INDEX job_failed ON job (run_id) WHERE status = 'failed'",
    # One extraction a (session, chunk), ever: `result` is durable before the next one starts.
    """
    CREATE TABLE chunk (
        session_id TEXT NOT NULL REFERENCES session (id),
        chunk_no INTEGER NOT NULL,
        result TEXT,
        stored_run TEXT,
        PRIMARY KEY (session_id, chunk_no)
    )
    """,
    """
    CREATE TABLE item (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        session_id TEXT REFERENCES session (id),
        type TEXT NOT NULL,
        title TEXT NOT NULL,
        facts TEXT NOT NULL,
        schema_key TEXT NOT NULL,
        confidence REAL NOT NULL,
        importance INTEGER NOT NULL,
        status TEXT NOT NULL,
        rationale TEXT,
        impact TEXT,
        files TEXT NOT NULL DEFAULT '[]',
        tags TEXT NOT NULL DEFAULT '[]',
        dedup_hint TEXT,
        commit_range TEXT,
        merged_from TEXT NOT NULL DEFAULT '[]',
        superseded_by TEXT,
        reinforced INTEGER NOT NULL DEFAULT 0,
        last_reinforced_at INTEGER,
        status_reason TEXT,
        at_utc INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        deepened_run TEXT,
        deduped_run TEXT
    )
    """,
    "CREATE INDEX item_order ON item (project_id, status, importance, at_utc)",
    "CREATE INDEX item_session ON item (session_id)",
    "CREATE INDEX item_hint ON item (project_id, dedup_hint)",
    # Where an item's files are now: `path` follows renames, `cited_as` is the name in the item.
    """
    CREATE TABLE item_file (
        project_id TEXT NOT NULL,
        path TEXT NOT NULL,
        item_id TEXT NOT NULL REFERENCES item (id),
        cited_as TEXT NOT NULL,
        PRIMARY KEY (project_id, path, item_id, cited_as)
    )
    """,
    "CREATE INDEX item_file_item ON item_file (item_id)",
    # Which processed commits touched a path, old names of renames included: what came after an item that comes late.
    """
    CREATE TABLE commit_file (
        project_id TEXT NOT NULL,
        path TEXT NOT NULL,
        at_utc INTEGER NOT NULL,
        event_id TEXT NOT NULL REFERENCES event (id),
        PRIMARY KEY (project_id, path, at_utc, event_id)
    )
    """,
    """
    CREATE TABLE evidence (
        item_id TEXT NOT NULL REFERENCES item (id),
        position INTEGER NOT NULL,
        commit_sha TEXT NOT NULL,
        event_id TEXT,
        path TEXT,
        quote TEXT NOT NULL,
        PRIMARY KEY (item_id, position)
    )
    """,
    "CREATE INDEX evidence_commit ON evidence (commit_sha)",
    # `vector`: float16, little-endian, one row a chunk of the item's text.
    """
    CREATE TABLE vector (
        item_id TEXT NOT NULL REFERENCES item (id),
        model TEXT NOT NULL,
        chunk_no INTEGER NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (item_id, model, chunk_no)
    )
    """,
)


def _rebuild_search(store: Store) -> None:
    from contox_hooks.memory.search_rebuild import rebuild  # not on the hook's path

    rebuild(store)


def _fill_authored(store: Store) -> None:
    from contox_hooks.memory.authored import fill_authored

    fill_authored(store)


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "memory", _FIRST),
    Migration(2, "search", _SEARCH_SCHEMA),
    Migration(3, "search rebuilt", _SEARCH_REBUILT, _rebuild_search),
    Migration(4, "relation", _RELATION_SCHEMA),
    Migration(5, "authored", _LINEAGE_SCHEMA, _fill_authored),
    Migration(
        6,
        "server",
        (
            *_ACCESS_SCHEMA,
            *_DELIVERY_SCHEMA,
            *_CONTEXT_SCHEMA,
            *_ACTIVITY_SCHEMA,
            *_PULSE_SCHEMA,
            *_EVENT_SCHEMA,
            *_BRAIN_SCHEMA,
        ),
    ),
    Migration(7, "scan", _SCAN_SCHEMA),
)

LATEST = MIGRATIONS[-1].version
