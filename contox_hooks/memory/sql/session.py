"""Sessions: what an event may join, how they end, what people list."""

BY_ID = "SELECT * FROM session WHERE id = :id"

# ULIDs: a prefix is a range of ids.
BY_PREFIX = """
SELECT * FROM session WHERE project_id = :project_id AND id >= :low AND id < :high ORDER BY id LIMIT 3
"""

# Sessions with a fixed window that may hold `at`: none started earlier than a window before it.
SPANS_FIXED = """
SELECT id, started_at, last_event_at, ended_at, end_reason FROM session
WHERE project_id = :project_id AND source = :source AND started_at > :earliest AND started_at <= :at
"""

# With a sliding window a session may be long: all that had not run out at `at`.
SPANS_SLIDING = """
SELECT id, started_at, last_event_at, ended_at, end_reason FROM session
WHERE project_id = :project_id AND source = :source AND started_at <= :at AND window_ends_at > :at
"""

# The next session after `at`: one that opens before it is over when that one starts. One that begins after now was
# opened under a clock that was ahead, and must not close what comes before it.
SPAN_AFTER = """
SELECT id, started_at, last_event_at, ended_at, end_reason FROM session
WHERE project_id = :project_id AND source = :source AND started_at > :at AND started_at <= :now
ORDER BY started_at LIMIT 1
"""

INSERT = """
INSERT INTO session
    (id, project_id, source, started_at, last_event_at, window_ends_at, ended_at, end_reason, status)
VALUES
    (:id, :project_id, :source, :started_at, :started_at, :window_ends_at, :ended_at, :end_reason, :status)
"""

# One more event. `slide_s` is the window when it counts from the last event, 0 when from the start.
ADD_EVENT = """
UPDATE session SET
    event_count = event_count + 1,
    last_event_at = CASE WHEN :at > last_event_at THEN :at ELSE last_event_at END,
    window_ends_at = CASE WHEN :slide_s > 0 AND :at + :slide_s > window_ends_at
                          THEN :at + :slide_s ELSE window_ends_at END,
    ended_at = CASE WHEN end_reason = 'window' AND :slide_s > 0 AND :at + :slide_s > window_ends_at
                    THEN :at + :slide_s ELSE ended_at END
WHERE id = :id
"""

SET_FILES = """
UPDATE session SET files = :files, files_cut = :files_cut, head_sha = :head_sha WHERE id = :id
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

# Newest first. `before_at` and `before_id` are the last row of the page before; a session whose window has run out
# counts as closed although nothing has written that yet.
PAGE = """
SELECT * FROM session
WHERE project_id = :project_id
  AND (:source IS NULL OR source = :source)
  AND (:status IS NULL
       OR :status = CASE WHEN status = 'active' AND window_ends_at <= :now THEN 'closed' ELSE status END)
  AND (:before_at IS NULL OR started_at < :before_at OR (started_at = :before_at AND id < :before_id))
ORDER BY started_at DESC, id DESC LIMIT :limit
"""

LATEST_EVENT = """
SELECT last_event_at FROM session WHERE project_id = :project_id AND event_count > 0
ORDER BY last_event_at DESC LIMIT 1
"""

LATEST_EVENT_OF_SOURCE = """
SELECT last_event_at FROM session WHERE project_id = :project_id AND source = :source AND event_count > 0
ORDER BY last_event_at DESC LIMIT 1
"""

TOTALS = "SELECT COUNT(*) AS sessions, SUM(event_count) AS events FROM session WHERE project_id = :project_id"
