"""People, what they may do in which project, their keys, and what a browser was let in with. No secret stands here in
the clear but the signing secret of a project, which HMAC needs as it is."""

# Step 6. `scopes`: names between spaces. `project_id` of a key: the one project it opens, NULL for all of its person's.
SCHEMA = (
    "CREATE TABLE server_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE person (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        is_owner INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE member (
        project_id TEXT NOT NULL REFERENCES project (id),
        person_id TEXT NOT NULL REFERENCES person (id),
        role TEXT NOT NULL,
        added_at INTEGER NOT NULL,
        PRIMARY KEY (project_id, person_id)
    )
    """,
    "CREATE INDEX member_person ON member (person_id)",
    """
    CREATE TABLE api_key (
        id TEXT PRIMARY KEY,
        person_id TEXT NOT NULL REFERENCES person (id),
        project_id TEXT REFERENCES project (id),
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER,
        revoked_at INTEGER
    )
    """,
    "CREATE INDEX api_key_person ON api_key (person_id)",
    # `kind`: `login` is used up by signing in once, `cookie` is what a browser sends from then
    # on, `ask` is good for one question.
    """
    CREATE TABLE ticket (
        hash TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        key_id TEXT NOT NULL REFERENCES api_key (id),
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    )
    """,
    "ALTER TABLE project ADD COLUMN description TEXT",
    "ALTER TABLE project ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private'",
    "ALTER TABLE project ADD COLUMN status TEXT NOT NULL DEFAULT 'active'",
    "ALTER TABLE project ADD COLUMN repo_url TEXT",
    "ALTER TABLE project ADD COLUMN updated_at INTEGER",
    "ALTER TABLE project ADD COLUMN hmac_secret TEXT",
)

FACT = "SELECT value FROM server_fact WHERE name = :name"

SET_FACT = """
INSERT INTO server_fact (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

DELETE_FACT = "DELETE FROM server_fact WHERE name = :name"

INSERT_PERSON = """
INSERT INTO person (id, name, is_owner, created_at) VALUES (:id, :name, :is_owner, :created_at)
"""

PERSON = "SELECT * FROM person WHERE id = :id"

PERSON_NAMED = "SELECT * FROM person WHERE name = :name"

PEOPLE = "SELECT * FROM person ORDER BY created_at, id"

# What hangs on a person and their keys, in the order that the references allow.
DELETE_PERSON = (
    "DELETE FROM ticket WHERE key_id IN (SELECT id FROM api_key WHERE person_id = :id)",
    "DELETE FROM answer WHERE key_id IN (SELECT id FROM api_key WHERE person_id = :id)",
    "DELETE FROM api_key WHERE person_id = :id",
    "DELETE FROM member WHERE person_id = :id",
    "DELETE FROM person WHERE id = :id",
)

SET_MEMBER = """
INSERT INTO member (project_id, person_id, role, added_at) VALUES (:project_id, :person_id, :role, :added_at)
ON CONFLICT (project_id, person_id) DO UPDATE SET role = excluded.role
"""

REMOVE_MEMBER = "DELETE FROM member WHERE project_id = :project_id AND person_id = :person_id"

MEMBERS = """
SELECT member.role AS role, member.added_at AS added_at, person.*
FROM member JOIN person ON person.id = member.person_id
WHERE member.project_id = :project_id ORDER BY member.added_at, person.id
"""

ROLE = "SELECT role FROM member WHERE project_id = :project_id AND person_id = :person_id"

ROLES = "SELECT project_id, role FROM member WHERE person_id = :person_id"

INSERT_KEY = """
INSERT INTO api_key (id, person_id, project_id, name, prefix, hash, scopes, created_at)
VALUES (:id, :person_id, :project_id, :name, :prefix, :hash, :scopes, :created_at)
"""

# Revoked keys open nothing; whoever holds one learns no more than with any other text.
KEY_BY_HASH = """
SELECT api_key.*, person.name AS person_name, person.is_owner AS is_owner
FROM api_key JOIN person ON person.id = api_key.person_id WHERE api_key.hash = :hash AND api_key.revoked_at IS NULL
"""

KEY = """
SELECT api_key.*, person.name AS person_name, person.is_owner AS is_owner
FROM api_key JOIN person ON person.id = api_key.person_id WHERE api_key.id = :id
"""

KEYS = """
SELECT api_key.*, person.name AS person_name, person.is_owner AS is_owner
FROM api_key JOIN person ON person.id = api_key.person_id
WHERE (:person_id IS NULL OR api_key.person_id = :person_id)
  AND (:project_id IS NULL OR api_key.project_id = :project_id)
ORDER BY api_key.created_at, api_key.id
"""

REVOKE_KEY = "UPDATE api_key SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"

TOUCH_KEY = "UPDATE api_key SET last_used_at = :now WHERE id = :id"

INSERT_TICKET = """
INSERT INTO ticket (hash, kind, key_id, created_at, expires_at) VALUES (:hash, :kind, :key_id, :created_at, :expires_at)
"""

TICKET = """
SELECT ticket.key_id AS key_id FROM ticket JOIN api_key ON api_key.id = ticket.key_id
WHERE ticket.hash = :hash AND ticket.kind = :kind AND ticket.expires_at > :now AND api_key.revoked_at IS NULL
"""

DELETE_TICKET = "DELETE FROM ticket WHERE hash = :hash"

PRUNE_TICKETS = "DELETE FROM ticket WHERE expires_at <= :now"

SECRET = "SELECT hmac_secret FROM project WHERE id = :project_id"

SET_SECRET = "UPDATE project SET hmac_secret = :secret, updated_at = :now WHERE id = :project_id"
