"""What a program older than the store's schema leaves out when it writes."""

MIGRATED_AT = "SELECT MAX(applied_at) FROM migration WHERE version > 1"

# Before `project` was a column of the index, nothing set it.
UNPLACED = """
SELECT item_number.number AS number, item.project_id AS project_id, item.title AS title, item.facts AS facts,
    item.rationale AS rationale, item.files AS files, item.tags AS tags, item.schema_key AS schema_key
FROM item_fts JOIN item_number ON item_number.number = item_fts.rowid JOIN item ON item.id = item_number.item_id
WHERE item_fts.project IS NULL ORDER BY item_number.number LIMIT :limit
"""

# Every captured commit has one row in `authored`. The range of keys is in an index, the type is not.
COMMIT_COUNT = "SELECT COUNT(*) FROM event WHERE project_id = :project_id AND key >= 'commit:' AND key < 'commit;'"

AUTHORED_COUNT = "SELECT COUNT(*) FROM authored WHERE project_id = :project_id"

# Says that the project's memory has changed: searches before it found less.
TOUCH = """
UPDATE item SET updated_at = updated_at WHERE id = (SELECT item_id FROM item_number WHERE number = :number)
"""
