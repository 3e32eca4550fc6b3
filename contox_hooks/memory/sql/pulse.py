"""What tells whether anything changed, and what: asked twice a second while somebody looks on, so each is cheap."""

from contox_hooks.memory.database import Each

# Step 6.
SCHEMA = ("CREATE INDEX item_updated ON item (project_id, updated_at)",)

# Stays the same while nobody writes to the database: not this connection's own changes, or not while what is open and
# what is done are the same.
MARK = Each("PRAGMA data_version", "SELECT CAST(pg_current_snapshot() AS TEXT)")

# Without an order, which would lead SQLite away from the small index of open sessions.
ACTIVE = """
SELECT id FROM session WHERE project_id = :project_id AND status = 'active' AND window_ends_at > :now LIMIT :limit
"""

# Runs with work left, by what their stages are at.
STAGES = """
SELECT job.stage AS stage, job.status AS status, COUNT(*) AS jobs
FROM job JOIN run ON run.id = job.run_id
WHERE run.project_id = :project_id AND run.id IN (SELECT run_id FROM job WHERE status IN ('queued', 'running'))
GROUP BY job.stage, job.status ORDER BY job.stage, job.status
"""

OPEN_RUNS = """
SELECT COUNT(*) AS runs, MIN(id) AS oldest FROM run
WHERE project_id = :project_id AND id IN (SELECT run_id FROM job WHERE status IN ('queued', 'running'))
"""

FAILED = """
SELECT COUNT(*) FROM job JOIN run ON run.id = job.run_id WHERE job.status = 'failed' AND run.project_id = :project_id
"""

# The items that changed last: times are whole seconds, so how many and what they are is part of it.
LAST_CHANGE = "SELECT MAX(updated_at) FROM item WHERE project_id = :project_id"

CHANGED_AT = "SELECT status FROM item WHERE project_id = :project_id AND updated_at = :at"
