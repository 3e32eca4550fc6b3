"""Contexts, their entries and links: the layer before memory items, which Contox's CLI and MCP server still use
(CONTRACT.md section 1.5)."""

# Step 6. `position`: the wire's `order`. `files`, `tags`: JSON lists.
SCHEMA = (
    """
    CREATE TABLE context (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        parent_id TEXT REFERENCES context (id),
        name TEXT NOT NULL,
        description TEXT,
        content TEXT NOT NULL DEFAULT '',
        schema_key TEXT,
        context_type TEXT,
        tier TEXT,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        content_hash TEXT NOT NULL,
        source TEXT,
        source_ref TEXT,
        files TEXT NOT NULL DEFAULT '[]',
        position INTEGER NOT NULL DEFAULT 0,
        last_entry_at INTEGER,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX context_key ON context (project_id, schema_key)",
    "CREATE INDEX context_parent ON context (parent_id)",
    """
    CREATE TABLE context_entry (
        id TEXT PRIMARY KEY,
        context_id TEXT NOT NULL REFERENCES context (id),
        title TEXT NOT NULL,
        content TEXT NOT NULL,
        entry_type TEXT,
        tags TEXT NOT NULL DEFAULT '[]',
        source TEXT,
        source_ref TEXT,
        idempotency_key TEXT,
        created_at INTEGER NOT NULL,
        UNIQUE (context_id, idempotency_key)
    )
    """,
    """
    CREATE TABLE context_link (
        project_id TEXT NOT NULL REFERENCES project (id),
        from_key TEXT NOT NULL,
        to_key TEXT NOT NULL,
        link_type TEXT NOT NULL,
        reason TEXT,
        confidence REAL,
        source TEXT,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (project_id, from_key, to_key, link_type)
    )
    """,
    "CREATE INDEX context_link_to ON context_link (project_id, to_key)",
)
