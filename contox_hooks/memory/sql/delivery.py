"""What came in over HTTP: who is known already, and the answer that it got."""

# Step 6. `hash`: wire/envelope.py's content hash, an event's identity however often it is signed. `answer`: a reply
# that a repeated Idempotency-Key gets again.
SCHEMA = (
    """
    CREATE TABLE delivery (
        project_id TEXT NOT NULL REFERENCES project (id),
        hash TEXT NOT NULL,
        id TEXT NOT NULL,
        session_id TEXT NOT NULL REFERENCES session (id),
        type TEXT NOT NULL,
        source TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        PRIMARY KEY (project_id, hash)
    )
    """,
    """
    CREATE TABLE nonce (
        project_id TEXT NOT NULL REFERENCES project (id),
        nonce TEXT NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (project_id, nonce)
    )
    """,
    "CREATE INDEX nonce_seen ON nonce (seen_at)",
    """
    CREATE TABLE answer (
        key_id TEXT NOT NULL REFERENCES api_key (id),
        idempotency_key TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        status INTEGER NOT NULL,
        body TEXT NOT NULL,
        answered_at INTEGER NOT NULL,
        PRIMARY KEY (key_id, idempotency_key)
    )
    """,
)
