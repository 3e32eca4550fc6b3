"""Events, and which commit replaced which."""

from contox_hooks.memory.database import Each, among_names

# Step 6. What is still to become memory: commits and saved notes.
SCHEMA = (
    "DROP INDEX event_unprocessed",
    """
    CREATE INDEX event_unprocessed ON event (project_id, session_id)
    WHERE type IN ('commit', 'mcp_save') AND processed_run IS NULL AND superseded_by IS NULL
    """,
)

INSERT = """
INSERT INTO event
    (id, project_id, session_id, key, type, source, at_utc, received_at, payload, superseded_by)
VALUES
    (:id, :project_id, :session_id, :key, :type, :source, :at_utc, :received_at, :payload, :superseded_by)
"""

# Of events' keys, which have a colon, and commits' ids, which have none: the events, and what replaced the commits.
KNOWN = among_names("""
SELECT key AS name, id AS found, session_id FROM event WHERE project_id = :project_id AND key {names}
UNION ALL
SELECT old_sha, new_sha, NULL FROM rewrite WHERE project_id = :project_id AND old_sha {names}
""")

PAYLOAD = "SELECT payload FROM event WHERE id = :id"

OF_SESSION = "SELECT * FROM event WHERE session_id = :session_id ORDER BY at_utc, id LIMIT :limit OFFSET :offset"

ONE_OF_SESSION = "SELECT * FROM event WHERE session_id = :session_id AND id = :id"

SUPERSEDE = "UPDATE event SET superseded_by = :new_sha WHERE project_id = :project_id AND key = :key"

# A commit that was rewritten twice keeps its latest replacement.
INSERT_REWRITE = """
INSERT INTO rewrite (project_id, old_sha, new_sha, command) VALUES (:project_id, :old_sha, :new_sha, :command)
ON CONFLICT (project_id, old_sha) DO UPDATE SET new_sha = excluded.new_sha, command = excluded.command
"""

REWRITE_OF = "SELECT new_sha, command FROM rewrite WHERE project_id = :project_id AND old_sha = :old_sha"

REWRITTEN_INTO = "SELECT old_sha FROM rewrite WHERE project_id = :project_id AND new_sha = :new_sha"

# Still to become memory (index event_unprocessed, whose condition must stand here as it is there).
UNPROCESSED_COUNT = """
SELECT COUNT(*) FROM event
WHERE project_id = :project_id AND type IN ('commit', 'mcp_save', 'scan_result')
  AND processed_run IS NULL AND superseded_by IS NULL
  AND (:session_id IS NULL OR session_id = :session_id)
"""

UNPROCESSED_SESSIONS = """
SELECT DISTINCT session_id FROM event
WHERE project_id = :project_id AND type IN ('commit', 'mcp_save', 'scan_result')
  AND processed_run IS NULL AND superseded_by IS NULL
ORDER BY session_id
"""

UNREAD_NOTES = """
SELECT * FROM event WHERE session_id = :session_id AND type = 'mcp_save' AND processed_run IS NULL ORDER BY at_utc, id
"""

LATEST_NOTES = """
SELECT * FROM event WHERE session_id = :session_id AND type = 'mcp_save' ORDER BY at_utc DESC, id DESC LIMIT :limit
"""

# Of all sessions, by arrival, whatever a clock said: the keys of notes begin with their type, and have an index.
_NOTES = """
SELECT at_utc, received_at, payload FROM event
WHERE project_id = :project_id AND key >= 'mcp_save:' AND key < 'mcp_save;' AND type = 'mcp_save'
ORDER BY {arrival} DESC LIMIT :limit
"""

LAST_NOTES = Each(_NOTES.format(arrival="rowid"), _NOTES.format(arrival="id"))

# Not yet in any chunk: what the next extraction takes.
UNASSIGNED = """
SELECT id FROM event
WHERE session_id = :session_id AND type = 'commit' AND chunk_no IS NULL AND superseded_by IS NULL
ORDER BY at_utc, id
"""

ASSIGN = "UPDATE event SET chunk_no = :chunk_no WHERE id = :id"

OF_CHUNK = """
SELECT * FROM event WHERE session_id = :session_id AND chunk_no = :chunk_no AND superseded_by IS NULL
ORDER BY at_utc, id
"""

KEYS_OF_CHUNK = "SELECT key FROM event WHERE session_id = :session_id AND chunk_no = :chunk_no ORDER BY key"

MARK_PROCESSED = """
UPDATE event SET processed_run = :run_id
WHERE session_id = :session_id AND chunk_no = :chunk_no AND processed_run IS NULL
"""

UNMARK_PROCESSED = """
UPDATE event SET processed_run = NULL
WHERE session_id = :session_id AND chunk_no = :chunk_no AND superseded_by IS NULL
"""

# Commits of a session that became memory in runs whose drift check is not over, and that still stand.
UNCHECKED = """
SELECT * FROM event
WHERE session_id = :session_id AND type = 'commit' AND superseded_by IS NULL AND processed_run IN (
    SELECT run.id FROM run JOIN job ON job.run_id = run.id AND job.stage = 'drift_check'
    WHERE run.session_id = :session_id AND job.status NOT IN ('done', 'skipped'))
ORDER BY at_utc, id
"""

INSERT_COMMIT_FILE = """
INSERT INTO commit_file (project_id, path, at_utc, event_id) VALUES (:project_id, :path, :at_utc, :event_id)
ON CONFLICT (project_id, path, at_utc, event_id) DO NOTHING
"""

# Processed commits that touched a path after another event, in the order of time.
LATER_ON_PATH = """
SELECT event.* FROM commit_file JOIN event ON event.id = commit_file.event_id
WHERE commit_file.project_id = :project_id AND commit_file.path = :path AND event.superseded_by IS NULL
  AND (commit_file.at_utc > :at_utc OR (commit_file.at_utc = :at_utc AND commit_file.event_id > :event_id))
ORDER BY commit_file.at_utc, commit_file.event_id LIMIT :limit
"""

# What a rewrite leads to stands, also when an older one had led away from it (a reset undid it): it is enriched anew.
RESTORE = """
UPDATE event SET superseded_by = NULL, processed_run = NULL, chunk_no = NULL
WHERE project_id = :project_id AND key = :key AND superseded_by IS NOT NULL
"""

FORGET_REWRITE = "DELETE FROM rewrite WHERE project_id = :project_id AND old_sha = :old_sha AND new_sha = :new_sha"

COMMITS_SINCE = """
SELECT at_utc, payload FROM event
WHERE project_id = :project_id AND type = 'commit' AND superseded_by IS NULL AND at_utc >= :since
ORDER BY at_utc DESC, id DESC LIMIT :limit
"""
