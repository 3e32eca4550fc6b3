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

# What items in a file cite, read for all of them at once: an item that no change can touch is not read as a whole. The
# project is asked for in the inner part only: else SQLite goes through all items of the project.
_IN_FILE = """
item.id IN (SELECT item_id FROM item_file WHERE project_id = :project_id AND path = :path)
  AND item.status IN ('active', 'review')
"""

ITEMS_IN_FILE = f"SELECT id, session_id, status, status_reason, title, files FROM item WHERE {_IN_FILE}"

EVIDENCE_IN_FILE = f"""
SELECT evidence.item_id, evidence.commit_sha, evidence.quote, evidence.path
FROM item JOIN evidence ON evidence.item_id = item.id
WHERE {_IN_FILE} AND evidence.path IS NOT NULL ORDER BY evidence.item_id, evidence.position
"""

NAMES_IN_FILE = f"""
SELECT item_file.item_id, item_file.path, item_file.cited_as
FROM item JOIN item_file ON item_file.item_id = item.id
WHERE {_IN_FILE} ORDER BY item_file.item_id, item_file.path, item_file.cited_as
"""

# What a commit that is named made doubtful.
BLAMING = """
SELECT id, status_reason FROM item WHERE project_id = :project_id AND status = 'review' AND status_reason LIKE '% in %'
ORDER BY id
"""

REWRITTEN = "SELECT old_sha FROM rewrite WHERE project_id = :project_id"

# Whether the drift check of the run that made a commit memory was over by then.
CHECKED_BY = """
SELECT 1 FROM event JOIN job ON job.run_id = event.processed_run AND job.stage = 'drift_check'
WHERE event.id = :event_id AND job.status IN ('done', 'skipped') AND job.finished_at_ms < :until_ms
"""
