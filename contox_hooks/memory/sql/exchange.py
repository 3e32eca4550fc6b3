"""What of a project goes into a file, and comes out of one (contox_hooks/exchange)."""

from __future__ import annotations

from collections.abc import Sequence

from contox_hooks.memory.database import Each

# Commits that stand, and what was kept of them.
COMMIT_KEYS = """
SELECT key FROM event WHERE project_id = :project_id AND type = 'commit' AND superseded_by IS NULL ORDER BY key
"""

COMMITS_NAMED = """
SELECT payload, at_utc FROM event WHERE project_id = :project_id AND key IN ({wanted}) ORDER BY key
"""

# The items of a Markdown document, chapter by chapter, the most important first.
CHAPTERS = """
SELECT schema_key, id FROM item
WHERE project_id = :project_id AND (:status IS NULL OR status = :status)
ORDER BY schema_key, importance DESC, at_utc DESC, id
"""

ITEMS_NAMED = "SELECT * FROM item WHERE id IN ({wanted})"

EVIDENCE_NAMED = "SELECT * FROM evidence WHERE item_id IN ({wanted}) ORDER BY item_id, position"

FILES_NAMED = "SELECT * FROM item_file WHERE item_id IN ({wanted}) ORDER BY item_id, path, cited_as"

# Items that nothing can find by their meaning yet.
UNEMBEDDED = """
SELECT * FROM item
WHERE project_id = :project_id AND id > :after AND status IN ('active', 'review')
  AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.item_id = item.id AND v.model = :model)
ORDER BY id LIMIT :limit
"""

# One moment is read, while others go on writing. SQLite's begins with the first row that is read.
BEGIN_READING = Each("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

END_READING = "ROLLBACK"

# Another one after a lost connection, and with it another moment.
CONNECTION = Each("SELECT 1", "SELECT pg_backend_pid()")

PROJECT = "SELECT * FROM project WHERE id = :id"

# Of a session that got events or items, or some of whose events were another's already.
RECOUNT = """
UPDATE session SET
    event_count = (SELECT COUNT(*) FROM event WHERE event.session_id = session.id),
    last_event_at = COALESCE((
        SELECT MAX(at_utc) FROM event WHERE event.session_id = session.id AND at_utc > session.started_at), started_at),
    items_extracted = (
        SELECT CASE WHEN COUNT(*) > session.items_extracted THEN COUNT(*) ELSE session.items_extracted END
        FROM item WHERE item.session_id = session.id)
WHERE id = :id
"""

# Whose rows these are.
OWNERS = {table: f"SELECT id, project_id FROM {table} WHERE id IN ({{wanted}})" for table in ("item", "event", "run")}


def page(table: str, key: Sequence[str], of: str, *, is_first: bool) -> str:
    """As moving.page, of one project: `of` is the condition that says which rows are its."""
    names = ", ".join(key)
    after = ", ".join(f":after_{number}" for number in range(len(key)))
    beyond = "" if is_first else f"AND ({names}) > ({after})"
    return f"SELECT * FROM {table} WHERE {of} {beyond} ORDER BY {names} LIMIT :limit"


def one(table: str, key: Sequence[str]) -> str:
    return f"SELECT * FROM {table} WHERE {' AND '.join(f'{name} = :{name}' for name in key)}"


def delete_of(table: str, owner: str) -> str:
    return f"DELETE FROM {table} WHERE {owner} = :{owner}"
