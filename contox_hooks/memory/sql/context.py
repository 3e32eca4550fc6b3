"""Contexts, their entries and links: the layer before memory items, which Contox's CLI and MCP server still use
(CONTRACT.md section 1.5)."""

# Step 6. `size`: characters of `content`, so that a list need not read it. `position`: the wire's `order`. `tags`: a
# JSON list. `compacted_at`: when an entry went into its context's content.
SCHEMA = (
    """
    CREATE TABLE context (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        parent_id TEXT REFERENCES context (id),
        name TEXT NOT NULL,
        description TEXT,
        content TEXT NOT NULL DEFAULT '',
        size INTEGER NOT NULL DEFAULT 0,
        schema_key TEXT,
        context_type TEXT,
        tier INTEGER,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        content_hash TEXT NOT NULL,
        source TEXT,
        source_ref TEXT,
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
        compacted_at INTEGER,
        created_at INTEGER NOT NULL,
        UNIQUE (context_id, idempotency_key)
    )
    """,
    "CREATE INDEX context_entry_order ON context_entry (context_id, id)",
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

BY_ID = "SELECT * FROM context WHERE id = :id"

OF_PROJECT = """
SELECT id, project_id, parent_id, name, description, NULL AS content, size, schema_key, context_type, tier, state,
    version, content_hash, source, source_ref, position, last_entry_at, created_at, updated_at
FROM context
WHERE project_id = :project_id
  AND (:tier IS NULL OR tier = :tier)
  AND (:state IS NULL OR state = :state)
  AND (:context_type IS NULL OR context_type = :context_type)
  AND (:parent_id IS NULL OR parent_id = :parent_id)
ORDER BY position, created_at, id
LIMIT :limit OFFSET :offset
"""

# Of several with one key the oldest counts: it comes first.
OF_KEY = """
SELECT * FROM context
WHERE project_id = :project_id AND schema_key = :schema_key
  AND (:tier IS NULL OR tier = :tier)
  AND (:state IS NULL OR state = :state)
  AND (:context_type IS NULL OR context_type = :context_type)
  AND (:parent_id IS NULL OR parent_id = :parent_id)
ORDER BY created_at, id
LIMIT :limit OFFSET :offset
"""

COUNT = "SELECT count(*) FROM context WHERE project_id = :project_id"

COUNTS = "SELECT project_id, count(*) AS contexts FROM context GROUP BY project_id"

# `lower` knows ASCII alone in both databases, and so does who asks.
FOUND = """
SELECT * FROM context
WHERE project_id = :project_id
  AND (lower(name) LIKE :pattern ESCAPE '!' OR lower(description) LIKE :pattern ESCAPE '!'
       OR lower(content) LIKE :pattern ESCAPE '!')
ORDER BY position, created_at, id
LIMIT :limit
"""

INSERT = """
INSERT INTO context (id, project_id, parent_id, name, description, content, size, schema_key, context_type, tier, state,
    version, content_hash, source, source_ref, position, created_at, updated_at)
VALUES (:id, :project_id, :parent_id, :name, :description, :content, :size, :schema_key, :context_type, :tier, :state,
    1, :content_hash, :source, :source_ref, :position, :now, :now)
"""

CHANGE = """
UPDATE context SET name = :name, description = :description, content = :content, size = :size,
    context_type = :context_type, tier = :tier, state = :state, version = :version, content_hash = :content_hash,
    source = :source, source_ref = :source_ref, position = :position, updated_at = :now
WHERE id = :id
"""

MOVE_CHILDREN = "UPDATE context SET parent_id = :to WHERE parent_id = :id"

DELETE = "DELETE FROM context WHERE id = :id"

INSERT_ENTRY = """
INSERT INTO context_entry (id, context_id, title, content, entry_type, tags, source, source_ref, idempotency_key,
    created_at)
VALUES (:id, :context_id, :title, :content, :entry_type, :tags, :source, :source_ref, :idempotency_key, :now)
"""

TOUCH = "UPDATE context SET last_entry_at = :now WHERE id = :id"

ENTRY = "SELECT * FROM context_entry WHERE id = :id"

ENTRY_OF_KEY = "SELECT * FROM context_entry WHERE context_id = :context_id AND idempotency_key = :idempotency_key"

ENTRIES = """
SELECT * FROM context_entry
WHERE context_id = :context_id
  AND (:entry_type IS NULL OR entry_type = :entry_type)
  AND (:after IS NULL OR id < :after)
ORDER BY id DESC LIMIT :limit
"""

ENTRY_COUNT = """
SELECT count(*) FROM context_entry
WHERE context_id = :context_id AND (:entry_type IS NULL OR entry_type = :entry_type)
"""

LOOSE_NEWEST = """
SELECT * FROM context_entry WHERE context_id = :context_id AND compacted_at IS NULL ORDER BY id DESC LIMIT :limit
"""

LOOSE_OLDEST = """
SELECT * FROM context_entry WHERE context_id = :context_id AND compacted_at IS NULL ORDER BY id LIMIT :limit
"""

LOOSE_COUNT = "SELECT count(*) FROM context_entry WHERE context_id = :context_id AND compacted_at IS NULL"

COMPACT_ENTRY = "UPDATE context_entry SET compacted_at = :now WHERE id = :id"

DELETE_ENTRIES = "DELETE FROM context_entry WHERE context_id = :context_id"

SET_LINK = """
INSERT INTO context_link (project_id, from_key, to_key, link_type, reason, confidence, source, created_at)
VALUES (:project_id, :from_key, :to_key, :link_type, :reason, :confidence, :source, :now)
ON CONFLICT (project_id, from_key, to_key, link_type)
DO UPDATE SET reason = excluded.reason, confidence = excluded.confidence, source = excluded.source
"""

LINK = """
SELECT * FROM context_link
WHERE project_id = :project_id AND from_key = :from_key AND to_key = :to_key AND link_type = :link_type
"""

LINK_COUNT = "SELECT count(*) FROM context_link WHERE project_id = :project_id"

OUTGOING = """
SELECT * FROM context_link WHERE project_id = :project_id AND from_key = :key ORDER BY to_key, link_type
"""

INCOMING = """
SELECT * FROM context_link WHERE project_id = :project_id AND to_key = :key ORDER BY from_key, link_type
"""

DELETE_LINKS = "DELETE FROM context_link WHERE project_id = :project_id AND (from_key = :key OR to_key = :key)"
