"""Runs, their jobs, and the chunks of extraction."""

INSERT_RUN = """
INSERT INTO run (id, project_id, session_id, cause, created_ms, due_ms)
VALUES (:id, :project_id, :session_id, :cause, :created_ms, :due_ms)
"""

INSERT_JOB = """
INSERT INTO job (id, run_id, session_id, stage, status, queued_at_ms)
VALUES (:id, :run_id, :session_id, :stage, 'queued', :queued_at_ms)
"""

# What a session waits for: whether it holds what is no memory yet (index event_unprocessed), and a run that has not
# begun, which will take whatever the session holds by then.
WAITING = """
SELECT project_id,
    EXISTS (SELECT 1 FROM event WHERE event.project_id = session.project_id AND event.session_id = session.id
        AND event.type IN ('commit', 'mcp_save', 'scan_result')
        AND event.processed_run IS NULL AND event.superseded_by IS NULL)
    AS is_waiting,
    (SELECT run.id FROM run JOIN job ON job.run_id = run.id
        WHERE run.session_id = session.id AND job.stage = 'enrich' AND job.status = 'queued' LIMIT 1)
    AS queued_run
FROM session WHERE id = :session_id
"""

LATEST_RUN_OF_SESSION = "SELECT * FROM run WHERE session_id = :session_id ORDER BY id DESC LIMIT 1"

LATEST_RUN_OF_PROJECT = "SELECT * FROM run WHERE project_id = :project_id ORDER BY id DESC LIMIT 1"

LATEST_AUTO_MS = "SELECT MAX(due_ms) FROM run WHERE project_id = :project_id AND cause = 'auto'"

MAKE_DUE = "UPDATE run SET due_ms = :now_ms WHERE id = :id AND due_ms > :now_ms"

JOBS_OF_RUN = "SELECT * FROM job WHERE run_id = :run_id ORDER BY id"

# Runs with work left that no failed stage holds up, oldest first (indexes job_open, job_failed).
PENDING = """
SELECT * FROM run
WHERE id IN (SELECT run_id FROM job WHERE status IN ('queued', 'running'))
  AND NOT EXISTS (SELECT 1 FROM job f WHERE f.run_id = run.id AND f.status = 'failed')
  AND due_ms <= :now_ms
  AND (:project_id IS NULL OR project_id = :project_id)
  AND (:session_id IS NULL OR session_id = :session_id)
ORDER BY id
"""

PENDING_COUNT = """
SELECT COUNT(*) FROM run
WHERE id IN (SELECT run_id FROM job WHERE status IN ('queued', 'running'))
  AND NOT EXISTS (SELECT 1 FROM job f WHERE f.run_id = run.id AND f.status = 'failed')
  AND project_id = :project_id
"""

# Failed stages that still matter: of the newest run of their session.
FAILED = """
SELECT job.* FROM job JOIN run ON run.id = job.run_id
WHERE job.status = 'failed' AND run.project_id = :project_id
  AND NOT EXISTS (SELECT 1 FROM run later WHERE later.session_id = run.session_id AND later.id > run.id)
ORDER BY job.id DESC
"""

FAILED_COUNT = """
SELECT COUNT(*) FROM job JOIN run ON run.id = job.run_id
WHERE job.status = 'failed'
  AND NOT EXISTS (SELECT 1 FROM run later WHERE later.session_id = run.session_id AND later.id > run.id)
"""

ALL_FAILED = """
SELECT run.project_id AS project_id, job.* FROM job JOIN run ON run.id = job.run_id
WHERE job.status = 'failed'
  AND NOT EXISTS (SELECT 1 FROM run later WHERE later.session_id = run.session_id AND later.id > run.id)
ORDER BY job.run_id
"""

BEGIN_AGAIN = """
UPDATE job SET status = 'queued', queued_at_ms = :now_ms, started_at_ms = NULL, finished_at_ms = NULL
WHERE id = :id AND status = 'failed'
"""

START = """
UPDATE job SET status = 'running', attempts = attempts + 1, started_at_ms = :now_ms, finished_at_ms = NULL,
    last_error = NULL, detail = NULL
WHERE id = :id
"""

FINISH = """
UPDATE job SET status = :status, finished_at_ms = :now_ms, last_error = :last_error, detail = :detail WHERE id = :id
"""

# Asked for by hand, so the attempts before it do not count against it.
REQUEUE = """
UPDATE job SET status = 'queued', attempts = 0, queued_at_ms = :now_ms, started_at_ms = NULL, finished_at_ms = NULL
WHERE id = :id AND status = 'failed'
"""

CHUNKS_OPEN = """
SELECT chunk_no, result FROM chunk WHERE session_id = :session_id AND stored_run IS NULL ORDER BY chunk_no
"""

CHUNK_RESULTS = """
SELECT result FROM chunk WHERE session_id = :session_id AND result IS NOT NULL ORDER BY chunk_no
"""

# What became memory, or is about to, and still stands.
CHUNKED_COMMITS = """
SELECT substr(key, length('commit:') + 1) AS sha FROM event
WHERE session_id = :session_id AND type = 'commit' AND chunk_no IS NOT NULL AND superseded_by IS NULL
"""

LAST_CHUNK = "SELECT MAX(chunk_no) FROM chunk WHERE session_id = :session_id"

INSERT_CHUNK = "INSERT INTO chunk (session_id, chunk_no) VALUES (:session_id, :chunk_no)"

SET_CHUNK_RESULT = """
UPDATE chunk SET result = :result WHERE session_id = :session_id AND chunk_no = :chunk_no AND result IS NULL
"""

STORE_CHUNK = "UPDATE chunk SET stored_run = :run_id WHERE session_id = :session_id AND chunk_no = :chunk_no"

# What rules read for want of a model (pipeline/enrich.py). A quote in a draft's text is escaped: it cannot look so.
_WANTING = """stored_run IS NOT NULL AND result LIKE '%"wanting": true%'"""

WANTING = f"""
SELECT chunk.session_id AS session_id, COUNT(event.id) AS commits
FROM chunk JOIN session ON session.id = chunk.session_id
    JOIN event ON event.session_id = chunk.session_id AND event.chunk_no = chunk.chunk_no
WHERE session.project_id = :project_id AND event.superseded_by IS NULL AND {_WANTING}
GROUP BY chunk.session_id ORDER BY chunk.session_id
"""

WANTING_CHUNKS = f"SELECT chunk_no FROM chunk WHERE session_id = :session_id AND {_WANTING} ORDER BY chunk_no"

REOPEN_CHUNK = """
UPDATE chunk SET result = NULL, stored_run = NULL WHERE session_id = :session_id AND chunk_no = :chunk_no
"""

ARCHIVE_OF_CHUNK = """
UPDATE item SET status = 'archived', status_reason = :reason, updated_at = :now
WHERE session_id = :session_id AND status IN ('active', 'review') AND approved_at IS NULL AND merged_from = '[]'
  AND EXISTS (SELECT 1 FROM evidence WHERE evidence.item_id = item.id)
  AND NOT EXISTS (
      SELECT 1 FROM evidence WHERE evidence.item_id = item.id AND NOT EXISTS (
          SELECT 1 FROM event WHERE event.session_id = :session_id AND event.chunk_no = :chunk_no
          AND event.id = evidence.event_id))
"""
