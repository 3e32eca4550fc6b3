"""What hygiene reads and writes besides an item's own words."""

# The newest first; `low` and `high` bound the schema key. Superseded ones live in what they were merged into.
LOOKED_AT = """
SELECT * FROM item
WHERE project_id = :project_id AND status IN ('active', 'review')
  AND (:low IS NULL OR (schema_key >= :low AND schema_key < :high))
ORDER BY at_utc DESC, id DESC LIMIT :limit
"""

RELATED_PAIRS = "SELECT from_id, to_id FROM relation WHERE project_id = :project_id"

QUOTES = "SELECT position, quote FROM evidence WHERE item_id = :item_id"

SET_QUOTE = "UPDATE evidence SET quote = :quote WHERE item_id = :item_id AND position = :position"

ORIGIN = "SELECT origin FROM item WHERE id = :item_id"

SET_ORIGIN = "UPDATE item SET origin = :origin WHERE id = :item_id"
