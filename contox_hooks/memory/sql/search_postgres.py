"""PostgreSQL's side of search.py: an index of words, and what says that a project's memory has changed.

The words are word.py's already, between spaces: no parser and no dictionary of the database's touches them.
"""

from __future__ import annotations

from collections.abc import Iterable

_MAX_WORD = 500
"""Characters: 2046 bytes are the most that a tsvector takes of one word."""

_FIELDS = (("title", 0, "A"), ("tags", 1000, "D"), ("files", 3000, "D"), ("rationale", 6000, "C"), ("facts", 8000, "B"))
"""Where each begins, far from the others since of two equal places only one counts; and its letter in a tsvector."""

_PLACED = "\n    UNION ALL ".join(
    f"SELECT word, {start} + at, '{letter}' FROM unnest(string_to_array({field}, ' ')) WITH ORDINALITY AS t (word, at)"
    for field, start, letter in _FIELDS
)

# Each word with where it stands and in which field, as a tsvector is written.
_WORDS = f"""
CREATE FUNCTION words_of(title text, facts text, rationale text, files text, tags text, project text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg('''' || LEFT(word, {_MAX_WORD}) || ''':' || LEAST(place, 16383) || letter, ' ')::tsvector FROM (
    {_PLACED}
    UNION ALL SELECT 'project=' || project, 16383, 'D'
    ) AS said (word, place, letter) WHERE word <> ''
$$
"""

WORDS = (
    _WORDS,
    """
    CREATE TABLE item_fts (
        rowid BIGINT PRIMARY KEY,
        title TEXT NOT NULL,
        facts TEXT NOT NULL,
        rationale TEXT NOT NULL,
        files TEXT NOT NULL,
        tags TEXT NOT NULL,
        project TEXT,
        words TSVECTOR GENERATED ALWAYS AS (words_of(title, facts, rationale, files, tags, project)) STORED
    )
    """,
    "CREATE INDEX item_fts_words ON item_fts USING gin (words)",
)


def _changed(table: str, events: str, item_id: str) -> tuple[str, str]:
    return (
        f"""
        CREATE FUNCTION {table}_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO project_change AS known (project_id, changed_in)
            SELECT project_id, pg_current_xact_id()::text::bigint FROM item WHERE id = {item_id}
            ON CONFLICT (project_id) DO UPDATE SET changed_in = excluded.changed_in
            WHERE known.changed_in <> excluded.changed_in;
            RETURN NULL;
        END
        $$
        """,
        f"CREATE TRIGGER changed AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_changed()",
    )


# The transaction that changed a project's memory last: seen together with what it changed, and no number comes twice.
CHANGES = (
    "CREATE TABLE project_change (project_id TEXT PRIMARY KEY, changed_in BIGINT NOT NULL)",
    *_changed("item", "INSERT OR UPDATE", "NEW.id"),
    *_changed("vector", "INSERT OR UPDATE OR DELETE", "COALESCE(NEW.item_id, OLD.item_id)"),
)

CHANGED_IN = "SELECT changed_in FROM project_change WHERE project_id = :project_id"

CANDIDATES = """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number, (
        SELECT SUM(rarity * ts_rank('{0.41, 0.64, 0.64, 1}', words, CAST(asked.word AS tsquery), 1))
        FROM unnest(CAST(:words AS text[]), CAST(:rarities AS double precision[])) AS asked (word, rarity)
    ) AS weight
    FROM item_fts WHERE words @@ CAST(:query AS tsquery) ORDER BY weight DESC, number LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.weight DESC, found.number
"""

NEWEST_CANDIDATES = """
SELECT item_number.item_id AS id FROM (
    SELECT rowid AS number FROM item_fts WHERE words @@ CAST(:query AS tsquery) ORDER BY rowid DESC LIMIT :limit
) AS found JOIN item_number ON item_number.number = found.number
ORDER BY found.number DESC
"""

HOLDING = "SELECT COUNT(*) FROM item_fts WHERE words @@ CAST(:query AS tsquery)"


def query(project_id: str, words: Iterable[str], begun: str | None) -> str:
    either = " | ".join(term(word, begun) for word in words)
    return f"'project={project_id}'" + (f" & ({either})" if either else "")


def term(word: str, begun: str | None) -> str:
    """A word is letters and digits only."""
    return f"'{word[:_MAX_WORD]}'" + (":*" if word == begun else "")
