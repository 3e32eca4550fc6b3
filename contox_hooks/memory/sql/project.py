"""Projects and their clones."""

BY_ID = "SELECT * FROM project WHERE id = :id"

BY_CLONE = "SELECT p.* FROM project p JOIN project_clone c ON c.project_id = p.id WHERE c.common_dir = :common_dir"

# Oldest first: which of several fits is then the same on every call.
BY_ROOT = "SELECT * FROM project WHERE root_commit = :root_commit ORDER BY created_at, id"

ALL = "SELECT * FROM project ORDER BY name, id"

CLONES = "SELECT common_dir FROM project_clone WHERE project_id = :project_id ORDER BY seen_at DESC, common_dir"

INSERT = """
INSERT INTO project (id, name, root_commit, remote, created_at)
VALUES (:id, :name, :root_commit, :remote, :created_at)
"""

# A shallow clone knows no root.
BY_REMOTE = "SELECT * FROM project WHERE remote = :remote ORDER BY created_at, id"

# An unborn repository gets its root later, a local one its remote, which may move; what is known already stays.
COMPLETE = """
UPDATE project SET root_commit = COALESCE(root_commit, :root_commit), remote = COALESCE(:remote, remote) WHERE id = :id
"""

UNLINK_CLONE = "DELETE FROM project_clone WHERE common_dir = :common_dir"

RENAME = "UPDATE project SET name = :name WHERE id = :id"

CHANGE = """
UPDATE project SET name = :name, description = :description, visibility = :visibility, status = :status,
    repo_url = :repo_url, updated_at = :now
WHERE id = :id
"""

SET_SETTINGS = "UPDATE project SET settings = :settings WHERE id = :id"

LINK_CLONE = """
INSERT INTO project_clone (common_dir, project_id, seen_at) VALUES (:common_dir, :project_id, :seen_at)
ON CONFLICT (common_dir) DO NOTHING
"""
