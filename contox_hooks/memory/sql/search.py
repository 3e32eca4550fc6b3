"""Words, by SQLite's own FTS5 and PostgreSQL's tsvector (search_postgres.py): the one part of the store that databases
do each in their way.

The columns hold what `word.py` made of the texts: words without their endings, between spaces. Which candidates are
shown first, search_rank.py decides.
"""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.memory.database import Each
from contox_hooks.memory.sql import search_postgres as postgres

# Step 2, as published. `number` is the row in `item_fts`: FTS5 finds rows by integer only.
SCHEMA = (
    "CREATE TABLE item_number (number INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE REFERENCES item (id))",
    Each(
        """
        CREATE VIRTUAL TABLE item_fts USING fts5 (
            title, facts, rationale, files, tags, tokenize = 'porter unicode61 remove_diacritics 2'
        )
        """,
        "",
    ),
)

# Step 3; search_rebuild.py fills it. `project` keeps projects apart in one index.
SCHEMA_REBUILT = (
    Each("DROP TABLE item_fts", ""),
    Each(
        """
        CREATE VIRTUAL TABLE item_fts USING fts5 (
            title, facts, rationale, files, tags, project, tokenize = 'unicode61'
        )
        """,
        "",
    ),
    *(Each("", statement) for statement in (*postgres.WORDS, *postgres.CHANGES)),
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

# The rows that may be answers, weighed with search_rank.py's weights by FTS5's BM25, or by what a word is worth
# (`rarities`) times what PostgreSQL says of its places.
CANDIDATES = Each(
    """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number, bm25(item_fts, 3.0, 1.0, 1.0, 0.5, 0.5, 0.0) AS weight
    FROM item_fts WHERE item_fts MATCH :query ORDER BY weight, number LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.weight, found.number
""",
    postgres.CANDIDATES,
)

NEWEST_CANDIDATES = Each(
    """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number FROM item_fts WHERE item_fts MATCH :query ORDER BY rowid DESC LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.number DESC
""",
    postgres.NEWEST_CANDIDATES,
)

# How many rows of the project hold a word.
HOLDING = Each("SELECT COUNT(*) FROM item_fts WHERE item_fts MATCH :query", postgres.HOLDING)

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


def query(project_id: str, words: Iterable[str] = (), begun: str | None = None) -> Each:
    """What the statements above call `query`: rows of the project that have any of the words, if there are some;
    `begun` is one that stands for all that begin so."""
    asked = list(words)
    either = " OR ".join(f'"{word}"*' if word == begun else f'"{word}"' for word in asked)
    fts5 = f'project : "{project_id}"' + (f" AND ({either})" if either else "")
    return Each(fts5, postgres.query(project_id, asked, begun))


def terms(words: Iterable[str], begun: str | None) -> list[str]:
    """What CANDIDATES calls `words`, where they are weighed one by one."""
    return [postgres.term(word, begun) for word in words]
