"""Open items, and the commits that may have settled them."""

# Of bugs only those that cite no code but marked comments: the others tell of their fix (resolve.py decides; this
# spares reading them).
BUGS_AND_TODOS = """
SELECT * FROM item
WHERE project_id = :project_id AND status IN ('active', 'review') AND (type = 'todo' OR (type = 'bug' AND NOT EXISTS (
    SELECT 1 FROM evidence WHERE evidence.item_id = item.id AND evidence.path IS NOT NULL
    AND UPPER(quote) NOT LIKE '%TODO%' AND UPPER(quote) NOT LIKE '%FIXME%'
    AND UPPER(quote) NOT LIKE '%XXX%' AND UPPER(quote) NOT LIKE '%HACK%')))
ORDER BY id
"""

# A commit that stands, by the first characters of its id.
COMMIT_BY_PREFIX = """
SELECT * FROM event
WHERE project_id = :project_id AND key >= :low AND key < :high AND superseded_by IS NULL ORDER BY key LIMIT 1
"""

# The same, standing or not.
COMMIT_NAMED = "SELECT * FROM event WHERE project_id = :project_id AND key >= :low AND key < :high ORDER BY key LIMIT 1"

# What auto-resolve has settled, and what it has opened again, as their reasons say.
DECIDED = """
SELECT id, status, status_reason FROM item
WHERE project_id = :project_id AND type IN ('todo', 'bug') AND (
    (status IN ('archived', 'review')
     AND (status_reason LIKE 'done in %' OR status_reason LIKE 'perhaps done: %' OR status_reason LIKE '% closes #%'))
    OR (status = 'active' AND status_reason LIKE 'open again: %'))
ORDER BY id
"""

IN_FILE = "SELECT item_id AS id FROM item_file WHERE project_id = :project_id AND path = :path"

# Open, and citing the same line of the same file.
TOLD_ANEW = """
SELECT 1 FROM evidence old JOIN evidence new ON new.path = old.path AND new.quote = old.quote
JOIN item ON item.id = new.item_id
WHERE old.item_id = :item_id AND new.item_id <> :item_id AND old.path IS NOT NULL
  AND item.project_id = :project_id AND item.type = :type AND item.status IN ('active', 'review') LIMIT 1
"""

COMMITS_AFTER = """
SELECT * FROM event
WHERE project_id = :project_id AND type = 'commit' AND superseded_by IS NULL
  AND (at_utc > :at_utc OR (at_utc = :at_utc AND id > :event_id))
ORDER BY at_utc, id LIMIT :limit
"""
