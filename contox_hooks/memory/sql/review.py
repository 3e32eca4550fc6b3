"""What a person is asked about."""

# Doubtful, or never sure and never approved. The file filter takes a path or a folder of it.
_QUEUE = """
FROM item LEFT JOIN session ON session.id = item.session_id
WHERE item.project_id = :project_id
  AND (item.status = 'review'
       OR (item.status = 'active' AND ROUND(CAST(confidence AS NUMERIC), 2) < :check_below AND approved_at IS NULL))
  AND (:type IS NULL OR type = :type)
  AND ROUND(CAST(confidence AS NUMERIC), 2) >= :least AND ROUND(CAST(confidence AS NUMERIC), 2) < :below
  AND (:file IS NULL OR item.id IN (
       SELECT item_id FROM item_file WHERE item_file.project_id = :project_id
       AND (path = :file OR (path >= :folder_low AND path < :folder_high))))
"""

QUEUE = f"""
SELECT item.*, session.source AS source {_QUEUE} ORDER BY importance DESC, at_utc DESC, item.id DESC
"""

# What it takes to say which of them a person is asked about.
QUEUE_CAUSES = f"""
SELECT item.id AS id, item.project_id AS project_id, item.status AS status, status_reason, approved_at,
    session.source AS source
{_QUEUE}
"""

QUEUE_ORDER = f"{QUEUE_CAUSES} ORDER BY importance DESC, at_utc DESC, item.id DESC"

# That no branch reaches an item's commits is looked up again and again: what was approved over it says so.
APPROVE = """
UPDATE item SET status = 'active', superseded_by = NULL, approved_at = :now, updated_at = :now,
    status_reason = CASE WHEN status = 'review' AND status_reason LIKE 'no branch reaches %'
        THEN 'approved: ' || status_reason END
WHERE id = :id
"""

MARK_WRITTEN = "UPDATE item SET approved_at = :now, updated_at = :now WHERE id = :id"

# A commit by the first characters of its id.
COMMIT = """
SELECT source, session_id FROM event WHERE project_id = :project_id AND key >= :low AND key < :high ORDER BY key LIMIT 1
"""
