"""Scans of the code base: which are still to become memory, and the items that earlier ones made."""

# What is still to become memory: commits, saved notes and scans.
SCHEMA = (
    "DROP INDEX event_unprocessed",
    """
    CREATE INDEX event_unprocessed ON event (project_id, session_id)
    WHERE type IN ('commit', 'mcp_save', 'scan_result') AND processed_run IS NULL AND superseded_by IS NULL
    """,
)

UNREAD = """
SELECT * FROM event
WHERE session_id = :session_id AND type = 'scan_result' AND processed_run IS NULL ORDER BY at_utc, id
"""

# Keys of scans begin with their type, and have an index.
_SCANS = "project_id = :project_id AND key >= 'scan_result:' AND key < 'scan_result;' AND type = 'scan_result'"

EVENT = "SELECT id, at_utc, payload FROM event WHERE id = :id AND type = 'scan_result'"

NEWEST_READ = f"""
SELECT * FROM event WHERE {_SCANS} AND processed_run IS NOT NULL ORDER BY at_utc DESC, id DESC LIMIT 1
"""

NEWEST = f"SELECT * FROM event WHERE {_SCANS} ORDER BY at_utc DESC, id DESC LIMIT 1"

# Of every status: what a person decided about one stands. Hints of scans begin alike, and have an index.
ITEMS = """
SELECT id, dedup_hint FROM item
WHERE project_id = :project_id AND dedup_hint >= 'scan:' AND dedup_hint < 'scan;' ORDER BY id
"""

# What it says was read from the code already: deep enrichment has nothing to add.
MARK_DEEP = "UPDATE item SET deepened_run = :run_id WHERE id = :id"

SET_FILES = """
UPDATE item SET files = :files, at_utc = :at_utc, session_id = :session_id, confidence = :confidence,
    commit_range = :commit_range,
    deduped_run = NULL, updated_at = :now
WHERE id = :id
"""
