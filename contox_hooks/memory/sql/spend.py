"""What language models were asked: who may extract a chunk, and every call with what it cost."""

# A claim is made once and stays: without an answer of its chunk it says that the call was perhaps paid.
# `status`: started (tokens are estimates that count against the caps; also of a process that died in mid-call), done,
# failed. `micro_dollars`: NULL where nobody knows the price. `is_estimate`: the endpoint did not count.
SCHEMA = (
    """
    CREATE TABLE model_claim (
        session_id TEXT NOT NULL REFERENCES session (id),
        chunk_no INTEGER NOT NULL,
        claimed_ms INTEGER NOT NULL,
        PRIMARY KEY (session_id, chunk_no)
    )
    """,
    """
    CREATE TABLE model_call (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES project (id),
        session_id TEXT REFERENCES session (id),
        chunk_no INTEGER,
        purpose TEXT NOT NULL,
        model TEXT NOT NULL,
        paid INTEGER NOT NULL,
        status TEXT NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        is_estimate INTEGER NOT NULL,
        micro_dollars INTEGER,
        started_ms INTEGER NOT NULL,
        finished_ms INTEGER,
        error TEXT
    )
    """,
    "CREATE INDEX model_call_day ON model_call (started_ms)",
    "CREATE INDEX model_call_session ON model_call (session_id, chunk_no)",
)

CLAIM = """
INSERT INTO model_claim (session_id, chunk_no, claimed_ms) VALUES (:session_id, :chunk_no, :now_ms)
ON CONFLICT (session_id, chunk_no) DO NOTHING
"""

START = """
INSERT INTO model_call (
    id, project_id, session_id, chunk_no, purpose, model, paid, status, prompt_tokens, completion_tokens, is_estimate,
    micro_dollars, started_ms
) VALUES (
    :id, :project_id, :session_id, :chunk_no, :purpose, :model, :paid, 'started', :prompt_tokens, :completion_tokens, 1,
    :micro_dollars, :now_ms
)
"""

FINISH = """
UPDATE model_call
SET status = :status, model = :model, prompt_tokens = :prompt_tokens, completion_tokens = :completion_tokens,
    is_estimate = :is_estimate, micro_dollars = :micro_dollars, finished_ms = :now_ms, error = :error
WHERE id = :id AND status = 'started'
"""

# Tokens are a project's, money is the user's: over all projects of the store.
USED_SINCE = """
SELECT
    COALESCE(SUM(CASE WHEN project_id = :project_id THEN prompt_tokens + completion_tokens END), 0) AS tokens,
    COALESCE(SUM(micro_dollars), 0) AS micro_dollars,
    COALESCE(SUM(CASE WHEN paid = 1 AND micro_dollars IS NULL THEN 1 END), 0) AS unpriced,
    COALESCE(SUM(CASE WHEN project_id = :project_id THEN 1 END), 0) AS calls
FROM model_call WHERE started_ms >= :since_ms
"""

USED_BY_SESSION = """
SELECT COALESCE(SUM(prompt_tokens + completion_tokens), 0) FROM model_call WHERE session_id = :session_id
"""

OF_SESSION = "SELECT * FROM model_call WHERE session_id = :session_id ORDER BY id"

OF_PROJECT = "SELECT * FROM model_call WHERE project_id = :project_id ORDER BY id"
