"""Words, by SQLite's own FTS5: the one part of the store that another database does differently.

The columns hold what `word.py` made of the texts: words without their endings, between spaces. Another database needs
CANDIDATES and HOLDING over the same columns, in any order it likes: what is shown first, search_rank.py decides.
"""

# Step 2, as published. `number` is the row in `item_fts`: FTS5 finds rows by integer only.
SCHEMA = (
    "CREATE TABLE item_number (number INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE REFERENCES item (id))",
    """
    CREATE VIRTUAL TABLE item_fts USING fts5 (
        title, facts, rationale, files, tags, tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
)

# Step 3; search_rebuild.py fills it. `project` keeps projects apart in one index.
SCHEMA_REBUILT = (
    "DROP TABLE item_fts",
    """
    CREATE VIRTUAL TABLE item_fts USING fts5 (
        title, facts, rationale, files, tags, project, tokenize = 'unicode61'
    )
    """,
)

TO_REBUILD = """
SELECT item_number.number AS number, item.project_id AS project_id, item.title AS title, item.facts AS facts,
    item.rationale AS rationale, item.files AS files, item.tags AS tags, item.schema_key AS schema_key
FROM item_number JOIN item ON item.id = item_number.item_id
WHERE item_number.number > :after ORDER BY item_number.number LIMIT :limit
"""

REBUILD = """
INSERT INTO item_fts (rowid, title, facts, rationale, files, tags, project)
VALUES (:number, :title, :facts, :rationale, :files, :tags, :project)
"""

INSERT_NUMBER = "INSERT INTO item_number (item_id) VALUES (:item_id) ON CONFLICT (item_id) DO NOTHING"

NUMBER = "SELECT number FROM item_number WHERE item_id = :item_id"

DELETE = "DELETE FROM item_fts WHERE rowid = :number"

INSERT = """
INSERT INTO item_fts (rowid, title, facts, rationale, files, tags, project)
SELECT :number, :title, :facts, :rationale, :files, :tags, item.project_id
FROM item_number JOIN item ON item.id = item_number.item_id WHERE item_number.number = :number
"""

# The rows that may be answers, by FTS5's BM25 with the weights of search_rank.py.
CANDIDATES = """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number, bm25(item_fts, 3.0, 1.0, 1.0, 0.5, 0.5, 0.0) AS weight
    FROM item_fts WHERE item_fts MATCH :query ORDER BY weight, number LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.weight, found.number
"""

NEWEST_CANDIDATES = """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number FROM item_fts WHERE item_fts MATCH :query ORDER BY rowid DESC LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.number DESC
"""

# How many rows of the project hold a word.
HOLDING = "SELECT COUNT(*) FROM item_fts WHERE item_fts MATCH :query"

# What the ranking looks at: the title as it is written, and the words of every field.
DOCUMENTS = """
SELECT item.id AS id, item.title AS name, item.at_utc AS at_utc,
    item_fts.title AS title, item_fts.facts AS facts, item_fts.rationale AS rationale, item_fts.files AS files,
    item_fts.tags AS tags
FROM item JOIN item_number ON item_number.item_id = item.id JOIN item_fts ON item_fts.rowid = item_number.number
WHERE item.id IN ({wanted})
"""

_FILTER = """
  AND (:type IS NULL OR type = :type)
  AND (status = :status OR (:status IS NULL AND status IN ('active', 'review')))
  AND (:since IS NULL OR at_utc >= :since)
  AND (:low IS NULL OR (schema_key >= :low AND schema_key < :high))
"""

# The ids are of one project already: naming it would make SQLite walk over all that the project has.
PASSING = f"SELECT id, at_utc FROM item WHERE id IN ({{wanted}}) {_FILTER}"

NEWEST_PASSING = f"SELECT id FROM item WHERE project_id = :project_id {_FILTER} ORDER BY at_utc DESC, id LIMIT :limit"

PATHS = "SELECT DISTINCT path FROM item_file WHERE project_id = :project_id"

# Items in files, the newest first.
IN_FILES = """
SELECT DISTINCT item.id AS id, item.at_utc AS at_utc FROM item_file JOIN item ON item.id = item_file.item_id
WHERE item_file.project_id = :project_id AND item_file.path IN ({wanted}) ORDER BY item.at_utc DESC, item.id
"""

FILES = "SELECT item_id AS id, path FROM item_file WHERE item_id IN ({wanted}) ORDER BY path"

# Moves with every change of the store, by this connection or another.
CHANGES = "SELECT data_version, total_changes() AS own FROM pragma_data_version"
