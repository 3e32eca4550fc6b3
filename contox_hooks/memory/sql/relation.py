"""What items say about each other: the newer one (`from_id`) reinforces, supersedes or contradicts the older."""

# `approved_at`: when a person said that an item holds, or wrote it. `origin`: what an item said before others were
# merged into it, JSON, NULL while none was; it is by that that later items are found to say the same.
SCHEMA = (
    """
    CREATE TABLE relation (
        project_id TEXT NOT NULL,
        from_id TEXT NOT NULL REFERENCES item (id),
        to_id TEXT NOT NULL REFERENCES item (id),
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        at_utc INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (from_id, to_id, kind)
    )
    """,
    "CREATE INDEX relation_to ON relation (to_id)",
    "ALTER TABLE item ADD COLUMN approved_at INTEGER",
    "ALTER TABLE item ADD COLUMN origin TEXT",
)

# `at_utc`: of the newer item. The first reason stays.
INSERT = """
INSERT INTO relation (project_id, from_id, to_id, kind, reason, at_utc, created_at)
SELECT project_id, :from_id, :to_id, :kind, :reason, at_utc, :now FROM item WHERE id = :from_id
ON CONFLICT (from_id, to_id, kind) DO NOTHING
"""

DELETE = "DELETE FROM relation WHERE from_id = :from_id AND to_id = :to_id AND kind = :kind"

# Both directions, oldest first.
OF_ITEM = """
SELECT * FROM relation WHERE from_id = :item_id OR to_id = :item_id ORDER BY at_utc, kind, from_id, to_id
"""
