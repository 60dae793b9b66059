-- Purpose:    Apply a batch's changes of a table that has no usable key: its rows are a multiset, so each change takes
--             one copy of the old row away and adds one of the new. A copy that is not there is nobody's conflict.
-- Parameters: $1 to $4 belong to {batch}; $5 deletes, $6 writes: what to carry out; $7 entity. {single}: that rows t and
--             n.after have the same unique values.
-- Result:     one row: total, outgoing, incoming (whether each foreign key is to be checked), nulls.
WITH batch AS MATERIALIZED (
    SELECT b.old::{image} AS o, b.new::{image} AS n, b.old IS NOT NULL AS has_o, b.new IS NOT NULL AS has_n
    FROM {batch}
), copy AS (
    SELECT -1 AS copies, b.o AS after FROM batch b WHERE b.has_o
    UNION ALL
    SELECT 1, b.n FROM batch b WHERE b.has_n
), net AS MATERIALIZED (
    SELECT {after}::text AS content, sum(n.copies) AS copies, (array_agg(n.after))[1] AS after
    FROM copy n GROUP BY {after}::text HAVING sum(n.copies) <> 0
), victim AS MATERIALIZED (
    SELECT t.ctid AS place, t.tableoid AS part, {current}::text AS content,
           row_number() OVER (PARTITION BY {current}::text) AS nth
    FROM {table} t WHERE {current}::text IN (SELECT content FROM net WHERE copies < 0)
), gone AS (
    DELETE FROM {table} t USING victim v, net n
    WHERE $5::boolean AND n.content = v.content AND v.nth <= -n.copies AND t.ctid = v.place AND t.tableoid = v.part
    RETURNING 1
), added AS (
    INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE
    SELECT {values} FROM net n, generate_series(1, n.copies)
    -- Afterwards: it may take a unique value that a delete gives up.
    WHERE $6::boolean AND (SELECT count(*) FROM gone) >= 0
      -- Both sides wrote the same row, and neither can hold a second one.
      AND NOT EXISTS (SELECT FROM {table} t WHERE ({single}) AND {current}::text = n.content)
)
SELECT count(*) AS total, {outgoing} AS outgoing, {incoming} AS incoming,
       NULL::text AS act, $7::text AS entity_id, NULL::text AS before, NULL::text AS after
FROM net
