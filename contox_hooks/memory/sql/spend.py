"""What language models were asked: who may extract a commit, and every call with what it cost. Of the spend store
(memory/spend.py); it names nothing of the memory store but a session, which a rebuilt one does not have."""

# A claim is made once: without an answer of its commit it says that the call was perhaps paid. Only where it turned out
# that nothing was, it is given back. `claim`: `commit:<sha>`.
# `status`: started (tokens are estimates that count against the caps; also of a process that died in mid-call), done,
# failed. `micro_dollars`: NULL where nobody knows the price. `is_estimate`: the endpoint did not count.
SCHEMA = (
    """
    CREATE TABLE model_claim (
        project TEXT NOT NULL,
        claim TEXT NOT NULL,
        claimed_ms INTEGER NOT NULL,
        PRIMARY KEY (project, claim)
    )
    """,
    """
    CREATE TABLE model_call (
        id TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        session_id TEXT,
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
INSERT INTO model_claim (project, claim, claimed_ms) VALUES (:project, :claim, :now_ms)
ON CONFLICT (project, claim) DO NOTHING
"""

IS_CLAIMED = "SELECT COUNT(*) FROM model_claim WHERE project = :project AND claim = :claim"

RELEASE = "DELETE FROM model_claim WHERE project = :project AND claim = :claim"

START = """
INSERT INTO model_call (
    id, project, session_id, chunk_no, purpose, model, paid, status, prompt_tokens, completion_tokens, is_estimate,
    micro_dollars, started_ms
) VALUES (
    :id, :project, :session_id, :chunk_no, :purpose, :model, :paid, 'started', :prompt_tokens, :completion_tokens, 1,
    :micro_dollars, :now_ms
)
"""

FINISH = """
UPDATE model_call
SET status = :status, model = :model, prompt_tokens = :prompt_tokens, completion_tokens = :completion_tokens,
    is_estimate = :is_estimate, micro_dollars = :micro_dollars, finished_ms = :now_ms, error = :error
WHERE id = :id AND status = 'started'
"""

# Tokens are a project's, money is the user's: over all projects of the store. What a clock that was once ahead wrote is
# of another day than today, not of each day until then.
USED_BETWEEN = """
SELECT
    COALESCE(SUM(CASE WHEN project = :project THEN prompt_tokens + completion_tokens END), 0) AS tokens,
    COALESCE(SUM(micro_dollars), 0) AS micro_dollars,
    COALESCE(SUM(CASE WHEN paid = 1 AND micro_dollars IS NULL THEN 1 END), 0) AS unpriced,
    COALESCE(SUM(CASE WHEN project = :project THEN 1 END), 0) AS calls
FROM model_call WHERE started_ms >= :since_ms AND started_ms < :until_ms
"""

USED_BY_PROJECT = """
SELECT project, SUM(prompt_tokens + completion_tokens) AS tokens, SUM(COALESCE(micro_dollars, 0)) AS micro_dollars,
    SUM(CASE WHEN paid = 1 AND micro_dollars IS NULL THEN 1 ELSE 0 END) AS unpriced, COUNT(*) AS calls
FROM model_call WHERE started_ms >= :since_ms AND started_ms < :until_ms GROUP BY project
"""

USED_BY_SESSION = """
SELECT COALESCE(SUM(prompt_tokens + completion_tokens), 0) FROM model_call WHERE session_id = :session_id
"""

OF_SESSION = "SELECT * FROM model_call WHERE session_id = :session_id ORDER BY id"

OF_PROJECT = "SELECT * FROM model_call WHERE project = :project ORDER BY id"
