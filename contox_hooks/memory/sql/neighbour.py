"""PostgreSQL's index of vectors, by pgvector where it is there: an index over what `vector` holds already, so that
nothing has to be kept in step with it, or moved. Vectors of another width than DIMENSIONS stay out of it.

`place` is the schema that the extension was put in: types and operators are named with it, since dumps are restored
with no schema to look names up in.
"""

from __future__ import annotations

from contox_hooks.memory.database import Each

DIMENSIONS = 256
"""Of the default model; an index is of one width."""
_BYTES = DIMENSIONS * 2

# Not among our tables: one of them is called as the extension's type is.
EXTEND = "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public"

# 0.8 is the first with iterative scans, which go on until enough of one project is found.
PLACE = """
SELECT quote_ident(nspname) AS place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'vector' AND CAST(string_to_array(extversion, '.') AS int[]) >= '{0,8}'
"""

# A build that has no room is many times slower: 100,000 vectors take some 150 MB. Serially, since parallel builds want
# more shared memory than containers have.
PATIENT = """
SELECT set_config('lock_timeout', '0', false), set_config('max_parallel_maintenance_workers', '0', false),
    set_config('maintenance_work_mem', greatest(
        pg_size_bytes(current_setting('maintenance_work_mem')), pg_size_bytes('512MB')) / 1024 || 'kB', false)
"""

# What a try that broke off left half made is in nobody's way but ours.
DROP = "DROP INDEX IF EXISTS vector_near"

MADE = Each(
    "",
    """
    SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname = 'vector_near' AND nspname = current_schema() AND indisvalid
        AND EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'near_to' AND pronamespace = relnamespace)
    """,
)

MORE_THAN = """
SELECT 1 FROM item WHERE project_id = :project_id AND status IN ('active', 'review') LIMIT 1 OFFSET :few
"""

NEAR = "SELECT item_id, vector FROM near_to(:asked, :project_id, :model, :wanted)"


def load(place: str) -> str:
    """The settings of a library that is not loaded yet are only a superuser's to name."""
    return f"SELECT CAST('[1]' AS {place}.halfvec)"


def half_of(place: str) -> str:
    """float16 as it is stored, bit by bit, since no function of the database's reads it: 2 ** 25 is what makes an
    integer of the smallest. OFFSET keeps a number's bytes from being read again wherever it is named. COST: 0.1 ms;
    without it, sorting everything would seem cheap."""
    return f"""
    CREATE OR REPLACE FUNCTION half_of(stored bytea) RETURNS {place}.halfvec
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 40000 AS $$
    BEGIN
        RETURN CAST(ARRAY(
            SELECT CAST(
                CASE WHEN bits & 31744 = 0 THEN (bits & 1023) << 1
                ELSE CAST((bits & 1023) + 1024 AS bigint) << ((bits >> 10) & 31) END
                / CAST(CASE WHEN bits > 32767 THEN -33554432 ELSE 33554432 END AS double precision) AS real)
            FROM (
                SELECT get_byte(stored, 2 * at) + 256 * get_byte(stored, 2 * at + 1) AS bits
                FROM generate_series(0, octet_length(stored) / 2 - 1) AS at OFFSET 0
            ) AS numbers
        ) AS {place}.halfvec);
    END
    $$
    """


def near_to(place: str) -> str:
    """Walks along the index, looking at each row's item, until there are as many as wanted or hnsw.max_scan_tuples were
    seen. The settings hold for this statement only; nothing hangs on what the planner knows of the tables."""
    return f"""
    CREATE OR REPLACE FUNCTION near_to(asked bytea, of_project text, of_model text, wanted bigint)
    RETURNS TABLE (item_id text, vector bytea) LANGUAGE plpgsql STABLE
    SET search_path FROM CURRENT
    SET plan_cache_mode = force_custom_plan SET enable_sort = off
    SET hnsw.iterative_scan = relaxed_order SET hnsw.ef_search = {_EF_SEARCH}
    AS $$
    BEGIN
        RETURN QUERY SELECT stored.item_id, stored.vector FROM vector AS stored
        WHERE octet_length(stored.vector) = {_BYTES} AND stored.model = of_model AND (
            SELECT project_id = of_project AND status IN ('active', 'review') FROM item WHERE id = stored.item_id)
        ORDER BY {_key(place, "stored.vector")} OPERATOR({place}.<#>) {_key(place, "asked")} LIMIT wanted;
    END
    $$
    """


_EF_SEARCH = 800
"""Rows looked at in one go. Of 100,000 (benchmarks/neighbour.py) the first hit is the exact one for 0.95 of queries
with 200, in 11 ms, for 0.98 with 800, in 18."""


def index(place: str) -> str:
    """Others go on writing meanwhile."""
    return f"""
    CREATE INDEX CONCURRENTLY vector_near ON vector
    USING hnsw (({_key(place, "vector")}) {place}.halfvec_ip_ops) WHERE octet_length(vector) = {_BYTES}
    """


def _key(place: str, stored: str) -> str:
    return f"CAST(half_of({stored}) AS {place}.halfvec({DIMENSIONS}))"
