"""What the brain is laid out from: how many active items there are of what, counted in indexes alone, and the little of
an item that says where it belongs; and what says that anything of a project's memory has changed."""

from contox_hooks.memory.database import Each

_COUNT = """
    INSERT INTO project_change (project_id, changed_in) VALUES ({project}, 1)
    ON CONFLICT (project_id) DO UPDATE SET changed_in = changed_in + 1;
"""
_OF_ITEM = "(SELECT project_id FROM item WHERE id = {row}.item_id)"


def _counted(name: str, when: str, table: str, project: str) -> Each:
    return Each(f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN {_COUNT.format(project=project)} END", "")


# Step 6, SQLite's side of search_postgres.py's CHANGES: how many times a project's items and vectors were written.
SCHEMA = (
    Each("CREATE TABLE project_change (project_id TEXT PRIMARY KEY, changed_in INTEGER NOT NULL)", ""),
    _counted("item_added", "INSERT", "item", "NEW.project_id"),
    _counted("item_changed", "UPDATE", "item", "NEW.project_id"),
    _counted("vector_added", "INSERT", "vector", _OF_ITEM.format(row="NEW")),
    _counted("vector_changed", "UPDATE", "vector", _OF_ITEM.format(row="NEW")),
    _counted("vector_dropped", "DELETE", "vector", _OF_ITEM.format(row="OLD")),
    # Pages of items in their order; what they are filtered by stands in it too, so that rows that are passed over are
    # not read.
    """
    CREATE INDEX item_listed ON item
        (project_id, importance DESC, at_utc DESC, id DESC, status, type, schema_key)
    """,
    # What the brain, lists and the tree of keys count, and the order of items that are alike (brain_layer.py).
    """
    CREATE INDEX item_of_kind ON item (project_id, status, type, importance, at_utc DESC, id, confidence)
    """,
    """
    CREATE INDEX item_of_key ON item
        (project_id, status, schema_key, importance DESC, at_utc DESC, id, type, confidence)
    """,
    # Those of step 1, with what the brain asks for besides.
    "DROP INDEX item_order",
    "CREATE INDEX item_order ON item (project_id, status, importance, at_utc, confidence)",
    "DROP INDEX item_hint",
    "CREATE INDEX item_hint ON item (project_id, dedup_hint, status, confidence)",
)

EARLIEST, LATEST = -(2**63), 2**63 - 1
"""Of the times that a column holds."""

_ACTIVE = "project_id = :project_id AND status = 'active' AND confidence >= :least"

# All grades of importance are named, so that the index item_order leads to the newest of each.
NEWEST_AT = f"SELECT MAX(at_utc) FROM item WHERE {_ACTIVE} AND importance IN (1, 2, 3, 4, 5)"

KINDS = f"""
SELECT type, importance, COUNT(*) AS items, SUM(CASE WHEN at_utc >= :recent_from THEN 1 ELSE 0 END) AS recent
FROM item WHERE {_ACTIVE} GROUP BY type, importance
"""

KEYS = f"SELECT schema_key, COUNT(*) AS items FROM item WHERE {_ACTIVE} GROUP BY schema_key"

_COLUMNS = "id, type, title, schema_key, confidence, importance, dedup_hint, files, at_utc"
_HEAD = f"SELECT {_COLUMNS} FROM item"

SHARED_HINTS = f"""
SELECT dedup_hint FROM item WHERE {_ACTIVE} AND dedup_hint > '' GROUP BY dedup_hint HAVING COUNT(*) > 1
"""

OF_HINTS = f"{_HEAD} WHERE {_ACTIVE} AND dedup_hint IN ({{wanted}})"

# A file is linked by the name that the item gives it, whatever it is called now; `src-old` is found near `src`. CROSS:
# from the files to the items.
IN_FILE = f"""
SELECT {_COLUMNS} FROM (
    SELECT DISTINCT item_id FROM item_file
    WHERE item_file.project_id = :project_id AND path >= :low AND path < :high) AS found
CROSS JOIN item WHERE item.id = found.item_id AND {_ACTIVE}
"""

# From `:high` down; of those that happened then, what comes after `:after`.
OF_KIND = f"""
{_HEAD} WHERE {_ACTIVE} AND type = :type AND importance = :importance
AND at_utc >= :low AND at_utc <= :high AND (at_utc < :high OR id > :after)
ORDER BY at_utc DESC, id LIMIT :limit
"""

BEST_OF_KEY = f"""
{_HEAD} WHERE id IN (
    SELECT id FROM item WHERE {_ACTIVE} AND schema_key >= :key AND schema_key < :high
    AND (schema_key = :key OR schema_key >= :low) ORDER BY importance DESC, at_utc DESC, id LIMIT :limit)
ORDER BY importance DESC, at_utc DESC, id
"""
