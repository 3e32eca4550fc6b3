"""Rows that move when one item is merged into another."""

ORIGIN = "SELECT origin FROM item WHERE id = :id"

# The survivor: what the fold of all says, seen again as often as both were; its `origin` is what it said by itself.
REINFORCE = """
UPDATE item SET
    title = :title, facts = :facts, rationale = :rationale, impact = :impact, commit_range = :commit_range,
    reinforced = reinforced + :times, last_reinforced_at = :now, updated_at = :now, at_utc = :at_utc,
    importance = :importance, files = :files, tags = :tags, merged_from = :merged_from, origin = :origin
WHERE id = :id
"""

# A survivor stands wherever the absorbed item stood.
TAKE_FILES = """
INSERT INTO item_file (project_id, path, item_id, cited_as)
SELECT project_id, path, :survivor_id, cited_as FROM item_file WHERE item_id = :absorbed_id
ON CONFLICT (project_id, path, item_id, cited_as) DO NOTHING
"""

TAKE_RELATIONS = """
INSERT INTO relation (project_id, from_id, to_id, kind, reason, at_utc, created_at)
SELECT project_id, new_from, new_to, kind, reason, at_utc, created_at FROM (
    SELECT project_id, kind, reason, at_utc, created_at,
        CASE WHEN from_id = :absorbed_id THEN :survivor_id ELSE from_id END AS new_from,
        CASE WHEN to_id = :absorbed_id THEN :survivor_id ELSE to_id END AS new_to
    FROM relation WHERE from_id = :absorbed_id OR to_id = :absorbed_id
) AS moved
WHERE new_from <> new_to
ON CONFLICT (from_id, to_id, kind) DO NOTHING
"""

DROP_RELATIONS = "DELETE FROM relation WHERE from_id = :absorbed_id OR to_id = :absorbed_id"

# Whatever led to the absorbed item leads to the survivor.
LEAD_ON = """
UPDATE item SET superseded_by = :survivor_id
WHERE project_id = :project_id AND status = 'superseded' AND superseded_by = :absorbed_id AND id <> :survivor_id
"""

# The survivor's own vectors, kept under another model's name, since dedup compares what items said by themselves.
SET_VECTORS_ASIDE = """
UPDATE vector SET model = 'own:' || model
WHERE item_id = :item_id AND NOT EXISTS (
    SELECT 1 FROM vector other WHERE other.item_id = :item_id AND other.model LIKE 'own:%')
"""

DELETE_VECTORS = "DELETE FROM vector WHERE item_id = :item_id AND model NOT LIKE 'own:%'"

TAKE_VECTORS = """
INSERT INTO vector (item_id, model, chunk_no, vector)
SELECT :survivor_id, REPLACE(model, 'own:', ''), chunk_no, vector FROM vector
WHERE item_id = :source_id AND (model LIKE 'own:%' OR NOT EXISTS (
    SELECT 1 FROM vector other WHERE other.item_id = :source_id AND other.model LIKE 'own:%'))
"""
