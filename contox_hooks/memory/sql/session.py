"""Sessions: what an event may join, how they end, what people list."""

from functools import cache
from typing import NamedTuple

from contox_hooks.memory.database import among_names

BY_ID = "SELECT * FROM session WHERE id = :id"

# ULIDs: a prefix is a range of ids.
BY_PREFIX = """
SELECT * FROM session WHERE project_id = :project_id AND id >= :low AND id < :high ORDER BY id LIMIT 3
"""

# Sessions that an event from `since` to `until` may join, and the next one after it: a session that opens before that
# one is over when it starts. One that begins after now was opened under a clock that was ahead, and must not close what
# comes before it.
_SPANS = """
SELECT id, started_at, last_event_at, ended_at, end_reason FROM session
WHERE project_id = :project_id AND source = :source AND {} AND started_at <= COALESCE((
    SELECT MIN(started_at) FROM session
    WHERE project_id = :project_id AND source = :source AND started_at > :until AND started_at <= :now
), :until)
"""
# With a fixed window none that started earlier than a window before.
SPANS_FIXED = _SPANS.format("started_at > :since - :window_s")
# With a sliding one a session may be long: all that had not run out.
SPANS_SLIDING = _SPANS.format("window_ends_at > :since")

INSERT = """
INSERT INTO session
    (id, project_id, source, started_at, last_event_at, window_ends_at, ended_at, end_reason, status)
VALUES
    (:id, :project_id, :source, :started_at, :started_at, :window_ends_at, :ended_at, :end_reason, :status)
"""

# More events, the latest at `at`. `slide_s` is the window when it counts from the last event, 0 when from the start.
ADD_EVENTS = """
UPDATE session SET
    event_count = event_count + :count,
    last_event_at = CASE WHEN :at > last_event_at THEN :at ELSE last_event_at END,
    window_ends_at = CASE WHEN :slide_s > 0 AND :at + :slide_s > window_ends_at
                          THEN :at + :slide_s ELSE window_ends_at END,
    ended_at = CASE WHEN end_reason = 'window' AND :slide_s > 0 AND :at + :slide_s > window_ends_at
                    THEN :at + :slide_s ELSE ended_at END
WHERE id = :id
"""

FILES = among_names("SELECT id, files, files_cut FROM session WHERE id {names}")

# The head is the latest commit that stands.
SET_FILES = """
UPDATE session SET files = :files, files_cut = :files_cut, head_sha = (
    SELECT substr(key, length('commit:') + 1) FROM event
    WHERE session_id = :id AND type = 'commit' AND superseded_by IS NULL
    ORDER BY at_utc DESC, event.id DESC LIMIT 1)
WHERE id = :id
"""

# Sessions whose window has run out; they ended then, not now.
CLOSE_ELAPSED = """
UPDATE session SET status = 'closed', ended_at = window_ends_at, end_reason = 'window'
WHERE project_id = :project_id AND status = 'active' AND window_ends_at <= :now
"""

CLOSE = """
UPDATE session SET status = 'closed', ended_at = :at, end_reason = :reason WHERE id = :id AND status = 'active'
"""

ACTIVE = """
SELECT * FROM session
WHERE project_id = :project_id AND source = :source AND status = 'active' AND started_at <= :now
    AND window_ends_at > :now
ORDER BY started_at DESC, id DESC LIMIT 1
"""

SET_SUMMARY = """
UPDATE session SET summary = COALESCE(:summary, summary), items_extracted = items_extracted + :items WHERE id = :id
"""

# The sessions whose newest run has a job in such a state: the indexes of jobs lead to them.
_NEWEST_RUN_HAS = """(
SELECT run.session_id FROM job JOIN run ON run.id = job.run_id
WHERE run.project_id = :project_id AND job.status {}
  AND NOT EXISTS (SELECT 1 FROM run later WHERE later.session_id = run.session_id AND later.id > run.id))
"""
_FAILED = _NEWEST_RUN_HAS.format("= 'failed'")
_OPEN = _NEWEST_RUN_HAS.format("IN ('queued', 'running')")
_QUIET = f"id NOT IN {_FAILED} AND id NOT IN {_OPEN}"

# A session whose window has run out counts as closed although nothing has written that yet.
_IS_ACTIVE = "status = 'active' AND window_ends_at > :now"
_STATUS: dict[str, str] = {
    "active": _IS_ACTIVE,
    "closed": "(status = 'closed' OR (status = 'active' AND window_ends_at <= :now))",
    "compacted": "status = 'compacted'",
}
# As session.py's `lifecycle`; who asks for `completed` gets those with memory, too.
_LIFECYCLE: dict[str, str] = {
    "failed": f"id IN {_FAILED}",
    "enriching": f"id IN {_OPEN} AND id NOT IN {_FAILED}",
    "active": f"{_IS_ACTIVE} AND {_QUIET}",
    "completed": f"NOT ({_IS_ACTIVE}) AND {_QUIET}",
    "enriched": f"""NOT ({_IS_ACTIVE}) AND {_QUIET}
        AND EXISTS (SELECT 1 FROM run WHERE run.session_id = session.id)""",
}


class Listing(NamedTuple):
    page: str
    """Newest first; `before_at` and `before_id` are the last row of the page before."""
    jobs: str
    """Of the newest run of each session of the page."""
    total: str


@cache
def listing(*, of_source: bool, status: str | None, lifecycle: str | None, after_another: bool) -> Listing:
    """Written for what is asked, so that each question has its index."""
    where = ["project_id = :project_id"]
    where += ["source = :source"] if of_source else []
    where += [_STATUS[status]] if status else []
    where += [_LIFECYCLE[lifecycle]] if lifecycle else []
    total = f"SELECT COUNT(*) FROM session WHERE {' AND '.join(where)}"
    if after_another:
        where.append("(started_at < :before_at OR (started_at = :before_at AND id < :before_id))")
    rows = f"FROM session WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT :limit OFFSET :offset"
    return Listing(
        f"SELECT * {rows}",
        f"""
        SELECT job.* FROM (SELECT id {rows}) AS page
        JOIN job ON job.run_id = (SELECT MAX(run.id) FROM run WHERE run.session_id = page.id) ORDER BY job.id
        """,
        total,
    )


LATEST_EVENT = """
SELECT last_event_at FROM session WHERE project_id = :project_id AND event_count > 0
ORDER BY last_event_at DESC LIMIT 1
"""

LATEST_EVENT_OF_SOURCE = """
SELECT last_event_at FROM session WHERE project_id = :project_id AND source = :source AND event_count > 0
ORDER BY last_event_at DESC LIMIT 1
"""

TOTALS = "SELECT COUNT(*) AS sessions, SUM(event_count) AS events FROM session WHERE project_id = :project_id"
