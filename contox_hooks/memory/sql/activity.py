"""What was done on which day. A day is UTC's, as days since the epoch."""

# Step 6. Without it a month's commits are looked for among all events, whose payloads are long.
SCHEMA = (
    """
    CREATE INDEX event_commit_at ON event (project_id, at_utc)
    WHERE type = 'commit' AND superseded_by IS NULL
    """,
)

COMMITS = """
SELECT at_utc / 86400 AS day, COUNT(*) AS number FROM event
WHERE project_id = :project_id AND type = 'commit' AND superseded_by IS NULL AND at_utc >= :since AND at_utc < :until
GROUP BY at_utc / 86400
"""

# By the day of what an item tells, not of when it was read: what `init` finds in old commits did not happen today.
# All grades of importance are named, so that the index item_order leads to the days wanted and not through all items.
ITEMS = """
SELECT at_utc / 86400 AS day, COUNT(*) AS number FROM item
WHERE project_id = :project_id AND status IN ('active', 'review') AND importance IN (1, 2, 3, 4, 5)
  AND at_utc >= :since AND at_utc < :until
GROUP BY at_utc / 86400
"""

SOURCES = "SELECT DISTINCT source FROM session WHERE project_id = :project_id"
