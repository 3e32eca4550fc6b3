"""What became of commits, and of the items that cite them."""

SCHEMA = (
    # The author's time outlives a rebase, a cherry-pick and a filter: by it the copies of a commit are found.
    """
    CREATE TABLE authored (
        project_id TEXT NOT NULL REFERENCES project (id),
        authored_at INTEGER NOT NULL,
        sha TEXT NOT NULL,
        PRIMARY KEY (project_id, authored_at, sha)
    )
    """,
)

# Of the step that makes the table: it must not change with the rest.
TO_FILL = """
SELECT id, project_id, key, payload FROM event WHERE type = 'commit' AND id > :after ORDER BY id LIMIT :limit
"""

INSERT_AUTHORED = """
INSERT INTO authored (project_id, authored_at, sha) VALUES (:project_id, :authored_at, :sha)
ON CONFLICT (project_id, authored_at, sha) DO NOTHING
"""

# Captured commits of one author's second.
AUTHORED_AT = """
SELECT event.* FROM authored JOIN event
    ON event.project_id = authored.project_id AND event.key = 'commit:' || authored.sha
WHERE authored.project_id = :project_id AND authored.authored_at = :authored_at AND authored.sha <> :sha
ORDER BY event.at_utc, event.id LIMIT :limit
"""

COMMIT = "SELECT * FROM event WHERE project_id = :project_id AND key = :key"

# By the beginning of its id, as messages name it.
NAMED = "SELECT * FROM event WHERE project_id = :project_id AND key >= :low AND key < :high ORDER BY key LIMIT 2"

# A session's commits that are in no chunk, and those that were taken out for good because another's items tell them.
FRESH = """
SELECT * FROM event
WHERE session_id = :session_id AND type = 'commit' AND superseded_by IS NULL
  AND (chunk_no IS NULL OR (chunk_no = 0 AND processed_run IS NULL))
ORDER BY at_utc, id
"""

# Chunk 0 is no chunk: nobody is asked about its commits.
SET_ASIDE = "UPDATE event SET chunk_no = 0 WHERE id = :id"
TAKE_BACK = "UPDATE event SET chunk_no = NULL WHERE id = :id AND chunk_no = 0"

MARK_TOLD = "UPDATE event SET processed_run = :run_id WHERE id = :id"

# Commits made here, that still stand and share a path with a commit, before it.
MADE_BEFORE = """
SELECT event.* FROM commit_file JOIN event ON event.id = commit_file.event_id
WHERE commit_file.project_id = :project_id AND commit_file.path = :path AND event.superseded_by IS NULL
  AND event.source <> :history AND commit_file.at_utc <= :until AND commit_file.at_utc >= :since
ORDER BY commit_file.at_utc DESC LIMIT :limit
"""

# Items that cite what a rewrite replaced. A merge's absorbed items are history and stay as they were.
CITING_REWRITTEN = """
SELECT DISTINCT evidence.item_id AS id FROM rewrite
JOIN evidence ON evidence.commit_sha = rewrite.old_sha JOIN item ON item.id = evidence.item_id
WHERE rewrite.project_id = :project_id AND item.project_id = :project_id AND item.status <> 'superseded'
ORDER BY evidence.item_id
"""

CITING = """
SELECT DISTINCT item.id AS id FROM evidence JOIN item ON item.id = evidence.item_id
WHERE evidence.commit_sha = :sha AND item.project_id = :project_id AND item.status <> 'superseded'
ORDER BY item.id
"""

SET_RANGE = "UPDATE item SET commit_range = :commit_range, files = :files, updated_at = :now WHERE id = :id"

# The item says something new: the session that told it goes on with it.
RETELL = """
UPDATE item SET session_id = :session_id, confidence = :confidence, deepened_run = NULL, deduped_run = NULL,
    at_utc = CASE WHEN :at_utc > at_utc THEN :at_utc ELSE at_utc END, updated_at = :now
WHERE id = :id
"""

SEEN_AGAIN = """
UPDATE item SET reinforced = reinforced + 1, last_reinforced_at = :now, updated_at = :now,
    at_utc = CASE WHEN :at_utc > at_utc THEN :at_utc ELSE at_utc END
WHERE id = :id
"""

# What the reachable history has to bear out, with the commits that it may stand on. What a person approved although
# nothing reached its commits (sql/review.py) stands.
STANDING_ON = """
SELECT item.id AS id, item.status AS status, item.status_reason AS reason, evidence.commit_sha AS sha
FROM item JOIN evidence ON evidence.item_id = item.id
WHERE item.project_id = :project_id
  AND ((item.status = 'active' AND COALESCE(item.status_reason, '') NOT LIKE 'approved: ' || :lost)
       OR (item.status = 'review' AND item.status_reason LIKE :lost))
ORDER BY item.id
"""
