"""Words, by SQLite's own FTS5: the one part of the store that another database does differently."""

# `number` is the row in `item_fts`: FTS5 finds rows by integer only.
SCHEMA = (
    "CREATE TABLE item_number (number INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE REFERENCES item (id))",
    """
    CREATE VIRTUAL TABLE item_fts USING fts5 (
        title, facts, rationale, files, tags, tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
)

INSERT_NUMBER = "INSERT INTO item_number (item_id) VALUES (:item_id) ON CONFLICT (item_id) DO NOTHING"

NUMBER = "SELECT number FROM item_number WHERE item_id = :item_id"

DELETE = "DELETE FROM item_fts WHERE rowid = :number"

INSERT = """
INSERT INTO item_fts (rowid, title, facts, rationale, files, tags)
VALUES (:number, :title, :facts, :rationale, :files, :tags)
"""

# BM25, the title weighing most; FTS5 gives better matches smaller (negative) numbers.
MATCH = """
SELECT item.id AS id, bm25(item_fts, 8.0, 3.0, 2.0, 4.0, 4.0) AS rank
FROM item_fts JOIN item_number ON item_number.number = item_fts.rowid JOIN item ON item.id = item_number.item_id
WHERE item_fts MATCH :query AND item.project_id = :project_id AND item.status IN ('active', 'review')
ORDER BY rank, item.id LIMIT :limit
"""
