"""What drift looks at besides commits: moves of branches to commits made elsewhere."""

# Not yet looked at; a run of any session of the project does it. The range of keys is in an index, the type is not.
LANDED_UNCHECKED = """
SELECT * FROM event WHERE project_id = :project_id AND key >= 'landed:' AND key < 'landed;' AND processed_run IS NULL
  AND at_utc <= :until
ORDER BY at_utc, id LIMIT :limit
"""

MARK_CHECKED = "UPDATE event SET processed_run = :run_id WHERE id = :id"
"""A landed event becomes no memory: its mark says that drift has seen it."""
