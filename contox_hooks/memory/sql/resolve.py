"""Open items, and the commits that may have settled them."""

# Of bugs only those that cite no code but marked comments: the others tell of their fix (resolve.py decides; this
# spares reading them).
BUGS_AND_TODOS = """
SELECT * FROM item
WHERE project_id = :project_id AND status IN ('active', 'review') AND (type = 'todo' OR (type = 'bug' AND NOT EXISTS (
    SELECT 1 FROM evidence WHERE evidence.item_id = item.id AND evidence.path IS NOT NULL
    AND quote NOT LIKE '%TODO%' AND quote NOT LIKE '%FIXME%' AND quote NOT LIKE '%XXX%' AND quote NOT LIKE '%HACK%')))
ORDER BY id
"""

# A commit that stands, by the first characters of its id.
COMMIT_BY_PREFIX = """
SELECT * FROM event
WHERE project_id = :project_id AND key >= :low AND key < :high AND superseded_by IS NULL ORDER BY key LIMIT 1
"""

COMMITS_AFTER = """
SELECT * FROM event
WHERE project_id = :project_id AND type = 'commit' AND superseded_by IS NULL
  AND (at_utc > :at_utc OR (at_utc = :at_utc AND id > :event_id))
ORDER BY at_utc, id LIMIT :limit
"""
