"""What the brain is laid out from: of all active items the little that says where each belongs; and what says that
anything of a project's memory has changed."""

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
)

HEADS = """
SELECT id, type, title, schema_key, confidence, importance, dedup_hint, files, at_utc
FROM item WHERE project_id = :project_id AND status = 'active'
"""
