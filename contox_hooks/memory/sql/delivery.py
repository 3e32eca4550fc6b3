"""What came in over HTTP: who is known already, and the answer that it got."""

from contox_hooks.memory.database import among_names

# Step 6. `hash`: wire/envelope.py's content hash, an event's identity however often it is signed. `answer`: a reply
# that a repeated Idempotency-Key gets again, and, as JSON, the
# projects and rights that it was given by.
SCHEMA = (
    """
    CREATE TABLE delivery (
        project_id TEXT NOT NULL REFERENCES project (id),
        hash TEXT NOT NULL,
        id TEXT NOT NULL,
        session_id TEXT NOT NULL REFERENCES session (id),
        type TEXT NOT NULL,
        source TEXT NOT NULL,
        nonce TEXT,
        received_at INTEGER NOT NULL,
        PRIMARY KEY (project_id, hash)
    )
    """,
    # The nonce first: of a project that is too young for its statistics PostgreSQL would else look for hashes here.
    "CREATE INDEX delivery_nonce ON delivery (nonce, project_id)",
    # As events are read; of many in one second the latest is found at once.
    "DROP INDEX event_session",
    "CREATE INDEX event_session ON event (session_id, at_utc, id)",
    """
    CREATE TABLE answer (
        key_id TEXT NOT NULL REFERENCES api_key (id),
        idempotency_key TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        status INTEGER NOT NULL,
        body TEXT NOT NULL,
        rights TEXT NOT NULL DEFAULT '[]',
        answered_at INTEGER NOT NULL,
        PRIMARY KEY (key_id, idempotency_key)
    )
    """,
    "CREATE INDEX answer_at ON answer (answered_at)",
)

# Of hashes and nonces: the deliveries, and, without an id, the nonces that were used since.
KNOWN = among_names("""
SELECT hash AS name, id, session_id FROM delivery WHERE project_id = :project_id AND hash {names}
UNION ALL
SELECT nonce, NULL, NULL FROM delivery WHERE project_id = :project_id AND nonce {names} AND received_at > :since
""")

INSERT = """
INSERT INTO delivery (project_id, hash, id, session_id, type, source, nonce, received_at)
VALUES (:project_id, :hash, :id, :session_id, :type, :source, :nonce, :now)
"""

# Commits whose id begins so: a prefix is a range of keys.
COMMITS_BETWEEN = """
SELECT key FROM event WHERE project_id = :project_id AND type = 'commit' AND key > :low AND key < :high
ORDER BY key LIMIT 2
"""

# A request that is being worked on has status 0.
BEGIN_ANSWER = """
INSERT INTO answer (key_id, idempotency_key, request_hash, status, body, answered_at)
VALUES (:key_id, :idempotency_key, :request_hash, 0, '', :answered_at)
"""

END_ANSWER = """
UPDATE answer SET status = :status, body = :body, rights = :rights, answered_at = :answered_at
WHERE key_id = :key_id AND idempotency_key = :idempotency_key
"""

ANSWER = """
SELECT request_hash, status, body, rights FROM answer WHERE key_id = :key_id AND idempotency_key = :idempotency_key
"""

DROP_ANSWER = "DELETE FROM answer WHERE key_id = :key_id AND idempotency_key = :idempotency_key"

PRUNE_ANSWERS = """
DELETE FROM answer WHERE answered_at <= :before OR (status = 0 AND answered_at <= :begun_before)
"""
