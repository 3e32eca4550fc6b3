"""What dedup reads: every item that a new one may concern."""

# `deduped_run`: new items are compared by the run that made them. What merging or replacing took out of sight still
# says what it said, so that the outcome does not depend on the order in which items came.
ALL_KNOWN = """
SELECT * FROM item
WHERE project_id = :project_id AND (
    status IN ('active', 'review')
    OR (status = 'superseded' AND (status_reason LIKE 'merged: %' OR status_reason LIKE 'replaced: %')))
ORDER BY id
"""

EVIDENCE_OF_ALL = """
SELECT e.item_id AS item_id, e.path AS path, e.quote AS quote, e.commit_sha AS commit_sha
FROM evidence e JOIN item ON item.id = e.item_id
WHERE item.project_id = :project_id
"""

EVIDENCE = "SELECT item_id, path, quote, commit_sha FROM evidence WHERE item_id = :item_id"

# What an extractor that was shown known items said of them.
VERDICTS = """
SELECT * FROM relation WHERE from_id = :item_id AND kind <> 'related' ORDER BY to_id, kind
"""
