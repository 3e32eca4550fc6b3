"""PostgreSQL's index of vectors, by pgvector where it is there: an index over what `vector` holds, so that nothing has
to be kept in step with it or moved.

`{place}` is the schema that the extension was put in, which need not be one that names are looked up in. Vectors of
another width than DIMENSIONS stay out of the index.
"""

from __future__ import annotations

from contox_hooks.memory.database import Each

DIMENSIONS = 256
"""Of the default model; an index is of one width."""
_BYTES = DIMENSIONS * 2

# In a schema of its own name or where names are not looked up it would do as well, but `vector` is a table of ours.
EXTEND = Each("", "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")

# With iterative scans, which go on until enough of one project was found: since 0.8.
PLACE = """
SELECT quote_ident(nspname) AS place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'vector' AND CAST(string_to_array(extversion, '.') AS int[]) >= '{0,8}'
"""

# Settings of a library that no statement has called for yet are a superuser's to name.
LOAD = "SELECT CAST('[1]' AS {place}.halfvec)"

# float16 as it is stored, bit by bit, since no function of the database's reads it. OFFSET keeps each number's two
# bytes from being read again wherever they are named. COST: 0.1 ms; without it, sorting everything would seem cheap.
_HALF_OF = """
CREATE OR REPLACE FUNCTION half_of(stored bytea) RETURNS {place}.halfvec
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 40000 AS $$
BEGIN
    RETURN CAST(ARRAY(
        SELECT CAST(
            CASE WHEN bits > 32767 THEN -1 ELSE 1 END
            * ((bits & 1023) + CASE WHEN bits & 31744 = 0 THEN 0 ELSE 1024 END)
            * CAST(2 AS double precision) ^ (greatest((bits >> 10) & 31, 1) - 25) AS real)
        FROM (
            SELECT get_byte(stored, 2 * at) + 256 * get_byte(stored, 2 * at + 1) AS bits
            FROM generate_series(0, octet_length(stored) / 2 - 1) AS at OFFSET 0
        ) AS numbers
    ) AS {place}.halfvec);
END
$$
"""

_KEY = f"CAST(half_of({{of}}) AS {{{{place}}}}.halfvec({DIMENSIONS}))"

# The settings hold for its statement only: it walks along the index until it has enough of what is asked for, or has
# seen hnsw.max_scan_tuples. ef_search: of 120 wanted with 200 recall is 0.99 (benchmarks/neighbour.py).
_NEAR_TO = f"""
CREATE OR REPLACE FUNCTION near_to(asked bytea, of_project text, of_model text, wanted bigint)
RETURNS TABLE (item_id text, vector bytea) LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan SET enable_sort = off
SET hnsw.iterative_scan = relaxed_order SET hnsw.ef_search = 200
AS $$
BEGIN
    RETURN QUERY SELECT stored.item_id, stored.vector
    FROM vector AS stored JOIN item ON item.id = stored.item_id
    WHERE octet_length(stored.vector) = {_BYTES} AND stored.model = of_model
      AND item.project_id = of_project AND item.status IN ('active', 'review')
    ORDER BY {_KEY.format(of="stored.vector")} OPERATOR({{place}}.<#>) {_KEY.format(of="asked")} LIMIT wanted;
END
$$
""".replace("{{", "{").replace("}}", "}")

FUNCTIONS = (_HALF_OF, _NEAR_TO)

# Serially: parallel builds want more shared memory than a container usually has. 100,000 vectors take 150 MB.
PATIENT = """
SELECT set_config('lock_timeout', '0', false), set_config('max_parallel_maintenance_workers', '0', false),
    set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')), 536870912) / 1024 || 'kB', false)
"""

# Others go on writing. What an earlier try has left half made is no index yet.
DROP = "DROP INDEX IF EXISTS vector_near"

INDEX = f"""
CREATE INDEX CONCURRENTLY vector_near ON vector USING hnsw (({_KEY.format(of="vector")}) {{place}}.halfvec_ip_ops)
WHERE octet_length(vector) = {_BYTES}
""".replace("{{", "{").replace("}}", "}")

MADE = Each(
    "",
    """
SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relname = 'vector_near' AND nspname = current_schema() AND indisvalid
""",
)

MORE_THAN = """
SELECT 1 FROM item WHERE project_id = :project_id AND status IN ('active', 'review') LIMIT 1 OFFSET :few
"""

NEAR = "SELECT item_id, vector FROM near_to(:asked, :project_id, :model, :wanted)"
