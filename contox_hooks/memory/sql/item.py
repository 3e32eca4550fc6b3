"""Items with their files, evidence and vectors."""

from __future__ import annotations

from collections.abc import Mapping

BY_ID = "SELECT * FROM item WHERE id = :id"

BY_PREFIX = """
SELECT * FROM item WHERE project_id = :project_id AND id >= :low AND id < :high ORDER BY id LIMIT 3
"""

INSERT = """
INSERT INTO item
    (id, project_id, session_id, type, title, facts, schema_key, confidence, importance, status, rationale, impact,
     files, tags, dedup_hint, commit_range, at_utc, created_at, updated_at)
VALUES
    (:id, :project_id, :session_id, :type, :title, :facts, :schema_key, :confidence, :importance, :status, :rationale,
     :impact, :files, :tags, :dedup_hint, :commit_range, :at_utc, :now, :now)
"""

INSERT_FILE = """
INSERT INTO item_file (project_id, path, item_id, cited_as) VALUES (:project_id, :path, :item_id, :cited_as)
ON CONFLICT (project_id, path, item_id, cited_as) DO NOTHING
"""

FILES_OF = "SELECT path, cited_as FROM item_file WHERE item_id = :item_id ORDER BY path, cited_as"

UNLINK_FILE = """
DELETE FROM item_file
WHERE project_id = :project_id AND path = :path AND item_id = :item_id AND cited_as = :cited_as
"""

INSERT_EVIDENCE = """
INSERT INTO evidence (item_id, position, commit_sha, event_id, path, quote)
VALUES (:item_id, :position, :commit_sha, :event_id, :path, :quote)
"""

DELETE_EVIDENCE = "DELETE FROM evidence WHERE item_id = :item_id"

EVIDENCE = "SELECT * FROM evidence WHERE item_id = :item_id ORDER BY position"

# The file filter takes a path or a folder of it.
_CONDITIONS = {
    "type": "type = :type",
    "status": "status = :status",
    "session_id": "session_id = :session_id",
    "since": "at_utc >= :since",
    "low": "schema_key >= :low AND schema_key < :high",
    "least": "ROUND(CAST(confidence AS NUMERIC), 2) >= :least",
    "below": "ROUND(CAST(confidence AS NUMERIC), 2) < :below",
    "file": """id IN (
       SELECT item_id FROM item_file WHERE item_file.project_id = :project_id
       AND (path = :file OR (path >= :folder_low AND path < :folder_high)))""",
}

_FILTER = "WHERE project_id = :project_id" + "".join(
    f"\n  AND (:{name} IS NULL OR ({condition}))" for name, condition in _CONDITIONS.items()
)

# Most important first, then newest.
PAGE = f"SELECT * FROM item {_FILTER} ORDER BY importance DESC, at_utc DESC, id DESC LIMIT :limit OFFSET :offset"


def count(given: Mapping[str, object]) -> str:
    """With the conditions alone whose value is given: where an index has all that is asked for, no item is read."""
    conditions = [condition for name, condition in _CONDITIONS.items() if given[name] is not None]
    return f"SELECT COUNT(*) FROM item WHERE {' AND '.join(('project_id = :project_id', *conditions))}"


COUNT_BY_KEY = """
SELECT schema_key, COUNT(*) AS items FROM item
WHERE project_id = :project_id AND (:status IS NULL OR status = :status) GROUP BY schema_key
"""

NEWEST_AT = "SELECT MAX(at_utc) FROM item WHERE project_id = :project_id AND status = 'active'"

COUNT_BY_STATUS = "SELECT status, COUNT(*) AS items FROM item WHERE project_id = :project_id GROUP BY status"

SET_STATUS = """
UPDATE item SET status = :status, status_reason = :reason, superseded_by = :superseded_by, updated_at = :now
WHERE id = :id
"""

_SAY = """
SET type = :type, title = :title, facts = :facts, schema_key = :schema_key, importance = :importance,
    rationale = :rationale, impact = :impact, tags = :tags, dedup_hint = :dedup_hint, updated_at = :now
"""

# Who writes what an item says vouches for it.
EDIT = f"""
UPDATE item {_SAY},
    approved_at = CASE WHEN title = :title AND facts = :facts AND type = :type THEN approved_at ELSE :now END
WHERE id = :id
"""

# Nobody vouches for what its commits say now; from here on it says that by itself.
RETELL = f"UPDATE item {_SAY}, origin = NULL WHERE id = :id"

# Items all of whose commits were rewritten (or dropped, if it has to be so), among those that cite one commit.
ONLY_REWRITTEN = """
SELECT DISTINCT item.id AS id, item.type AS type, item.approved_at AS approved_at
FROM evidence e JOIN item ON item.id = e.item_id
WHERE e.commit_sha = :commit_sha AND item.project_id = :project_id AND item.status IN ('active', 'review')
  AND NOT EXISTS (
      SELECT 1 FROM evidence other WHERE other.item_id = item.id AND NOT EXISTS (
          SELECT 1 FROM rewrite r WHERE r.project_id = :project_id AND r.old_sha = other.commit_sha
          AND (:dropped = 0 OR r.new_sha = '')))
"""

# What a commit gave: an item of the same type if there is one.
HEIR = """
SELECT item.id AS id FROM evidence e JOIN item ON item.id = e.item_id
WHERE e.commit_sha = :commit_sha AND item.project_id = :project_id AND item.status IN ('active', 'review')
ORDER BY CASE WHEN item.type = :type THEN 0 ELSE 1 END, item.id LIMIT 1
"""

TO_DEEPEN = """
SELECT * FROM item WHERE session_id = :session_id AND deepened_run IS NULL AND status IN ('active', 'review')
ORDER BY id
"""

DEEPEN = "UPDATE item SET facts = :facts, updated_at = :now WHERE id = :id"

MARK_DEEPENED = "UPDATE item SET deepened_run = :run_id WHERE session_id = :session_id AND deepened_run IS NULL"

TO_EMBED = """
SELECT * FROM item
WHERE session_id = :session_id AND status IN ('active', 'review')
  AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.item_id = item.id AND v.model = :model)
ORDER BY id
"""

INSERT_VECTOR = """
INSERT INTO vector (item_id, model, chunk_no, vector) VALUES (:item_id, :model, :chunk_no, :vector)
ON CONFLICT (item_id, model, chunk_no) DO UPDATE SET vector = excluded.vector
"""

DELETE_VECTORS = "DELETE FROM vector WHERE item_id = :item_id"

VECTORS = """
SELECT v.item_id AS item_id, v.vector AS vector FROM vector v JOIN item ON item.id = v.item_id
WHERE item.project_id = :project_id AND item.status IN ('active', 'review') AND v.model = :model
ORDER BY v.item_id, v.chunk_no
"""

TO_DEDUP = """
SELECT * FROM item WHERE session_id = :session_id AND deduped_run IS NULL AND status IN ('active', 'review')
ORDER BY id
"""

MARK_DEDUPED = "UPDATE item SET deduped_run = :run_id WHERE session_id = :session_id AND deduped_run IS NULL"

# Items in a file that later commits may make false, or true again.
NEWEST_EVENT = """
SELECT event.at_utc AS at_utc, event.id AS id, evidence.commit_sha AS sha FROM evidence JOIN event
    ON event.project_id = :project_id AND event.key = 'commit:' || evidence.commit_sha
WHERE evidence.item_id = :item_id AND event.superseded_by IS NULL
ORDER BY event.at_utc DESC, event.id DESC LIMIT 1
"""

VECTORS_OF_ITEM = "SELECT vector FROM vector WHERE item_id = :item_id AND model = :model ORDER BY chunk_no"

# Whether a session has anything that could want a vector, before a model is loaded to say which.
TO_EMBED_ANY = """
SELECT * FROM item WHERE session_id = :session_id AND status IN ('active', 'review') LIMIT 1
"""

# What a session gave, without what lost its commits to a rewrite: that names the rewrite, a merge says `merged: …`.
EXTRACTED_COUNT = """
SELECT COUNT(*) FROM item
WHERE session_id = :session_id AND (status <> 'superseded' OR status_reason LIKE 'merged: %')
"""
