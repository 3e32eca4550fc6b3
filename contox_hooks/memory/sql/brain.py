"""What the brain is laid out from: of all active items the little that says where each belongs."""

HEADS = """
SELECT id, type, title, schema_key, confidence, importance, dedup_hint, files, at_utc
FROM item WHERE project_id = :project_id AND status = 'active' ORDER BY id
"""
