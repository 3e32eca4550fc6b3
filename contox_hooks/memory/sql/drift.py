"""What drift looks at besides commits: moves of branches to commits made elsewhere."""

# Not yet looked at; a run of any session of the project does it. The range of keys is in an index, the type is not.
LANDED_UNCHECKED = """
SELECT * FROM event WHERE project_id = :project_id AND key >= 'landed:' AND key < 'landed;' AND processed_run IS NULL
  AND at_utc <= :until
ORDER BY at_utc, id LIMIT :limit
"""

LANDED_UNCHECKED_COUNT = """
SELECT COUNT(*) FROM event WHERE project_id = :project_id AND key >= 'landed:' AND key < 'landed;'
  AND processed_run IS NULL AND at_utc <= :until
"""

MARK_CHECKED = "UPDATE event SET processed_run = :run_id WHERE id = :id"
"""A landed event becomes no memory: its mark says that drift has seen it."""

# What a session got from elsewhere, with something in memory that it may make false.
LANDED_IN_SESSION = """
SELECT COUNT(*) FROM event
WHERE session_id = :session_id AND type = 'landed' AND processed_run IS NULL AND EXISTS (
    SELECT 1 FROM item WHERE item.project_id = event.project_id AND item.status IN ('active', 'review'))
"""

INSERT_JOB = """
INSERT INTO job (id, run_id, session_id, stage, status, queued_at_ms, detail)
VALUES (:id, :run_id, :session_id, :stage, :status, :queued_at_ms, :detail)
"""
"""Of a run that only looks at what landed: the stages before it are passed over, so that nothing can be paid for."""
